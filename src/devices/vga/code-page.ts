/** Code page 437, the characters of a PC's text mode, as Unicode. */
const CONTROLS = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼'
const UPPER =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ '

const CHARACTERS: readonly string[] = [
  ...CONTROLS,
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)),
  '⌂',
  ...UPPER,
]

/** The character of a byte of the text buffer. */
export function characterOf(code: number): string {
  return CHARACTERS[code]!
}
