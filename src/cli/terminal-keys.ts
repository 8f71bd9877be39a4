/** What a terminal sends, as keys of a keyboard with the American layout: which ones go down and up for it. */
import type { KeyEvent } from '../machine/keys.ts'
import type { KeyName } from '../devices/keyboard/scan-codes.ts'

/** Characters by key, without and with shift. */
const CHARACTERS: readonly (readonly [key: KeyName, plain: string, shifted: string])[] = [
  ['Backquote', '`', '~'],
  ['Digit1', '1', '!'],
  ['Digit2', '2', '@'],
  ['Digit3', '3', '#'],
  ['Digit4', '4', '$'],
  ['Digit5', '5', '%'],
  ['Digit6', '6', '^'],
  ['Digit7', '7', '&'],
  ['Digit8', '8', '*'],
  ['Digit9', '9', '('],
  ['Digit0', '0', ')'],
  ['Minus', '-', '_'],
  ['Equal', '=', '+'],
  ['BracketLeft', '[', '{'],
  ['BracketRight', ']', '}'],
  ['Backslash', '\\', '|'],
  ['Semicolon', ';', ':'],
  ['Quote', "'", '"'],
  ['Comma', ',', '<'],
  ['Period', '.', '>'],
  ['Slash', '/', '?'],
  ['Space', ' ', ' '],
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter): [KeyName, string, string] => [
    `Key${letter.toUpperCase()}` as KeyName,
    letter,
    letter.toUpperCase(),
  ]),
]

/** Single bytes that are keys of their own. */
const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\x08': 'Backspace',
  '\x7f': 'Backspace',
  '\t': 'Tab',
  '\r': 'Enter',
  '\n': 'Enter',
}

/** What follows ESC [ or ESC O (ECMA-48, and xterm's control sequences). */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: 'ArrowUp',
  B: 'ArrowDown',
  C: 'ArrowRight',
  D: 'ArrowLeft',
  H: 'Home',
  F: 'End',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
  '1~': 'Home',
  '2~': 'Insert',
  '3~': 'Delete',
  '4~': 'End',
  '5~': 'PageUp',
  '6~': 'PageDown',
  '7~': 'Home',
  '8~': 'End',
  '11~': 'F1',
  '12~': 'F2',
  '13~': 'F3',
  '14~': 'F4',
  '15~': 'F5',
  '17~': 'F6',
  '18~': 'F7',
  '19~': 'F8',
  '20~': 'F9',
  '21~': 'F10',
  '23~': 'F11',
  '24~': 'F12',
}

const ESCAPE = '\x1b'
/** Modifiers of a sequence, `;N`: N - 1 has a bit for each. */
const MODIFIERS: readonly KeyName[] = ['ShiftLeft', 'AltLeft', 'ControlLeft']

const byCharacter: ReadonlyMap<string, KeyEvent[]> = new Map(
  CHARACTERS.flatMap(([key, plain, shifted]): [string, KeyEvent[]][] => [
    [shifted, stroke(key, ['ShiftLeft'])],
    [plain, stroke(key)],
  ]),
)

/** One key pressed and released, with others held. */
function stroke(key: KeyName, held: readonly KeyName[] = []): KeyEvent[] {
  const keys = [...held, key]
  return [
    ...keys.map((name) => ({ key: name, isDown: true })),
    ...keys.toReversed().map((name) => ({ key: name, isDown: false })),
  ]
}

/** The keys for a piece of input. An ESC at its end, or before what belongs to no sequence, is the key of that name, or Alt with the next. */
export function keysFor(bytes: Uint8Array): KeyEvent[] {
  const text = String.fromCharCode(...bytes)
  const events: KeyEvent[] = []
  for (let at = 0; at < text.length;) {
    const [length, keys] = keyAt(text, at)
    events.push(...keys)
    at += length
  }
  return events
}

function keyAt(text: string, at: number): [length: number, events: KeyEvent[]] {
  const character = text[at]!
  if (character === ESCAPE) return escapeAt(text, at)
  const control = CONTROLS[character]
  if (control !== undefined) return [1, stroke(control)]
  const code = character.charCodeAt(0)
  // Control-A to Control-Z, Control-[ … Control-_ and Control-Space: the keys 64 codes above.
  if (code < 0x20)
    return [1, withHeld(byCharacter.get(String.fromCharCode(code + 64).toLowerCase())!, 'ControlLeft')]
  return [1, byCharacter.get(character) ?? []]
}

function escapeAt(text: string, at: number): [length: number, events: KeyEvent[]] {
  const match = /^[[O](?:(\d+)(?:;(\d))?)?([A-Z~])/.exec(text.slice(at + 1, at + 12))
  if (match !== null) {
    const [whole, number, modifiers, last] = match
    const key = SEQUENCES[last === '~' ? `${number}~` : last!]
    const bits = Number(modifiers ?? 1) - 1
    return [
      1 + whole.length,
      key === undefined
        ? []
        : stroke(
            key,
            MODIFIERS.filter((_, i) => (bits >> i) & 1),
          ),
    ]
  }
  const next = text[at + 1]
  if (next === undefined || next === ESCAPE) return [1, stroke('Escape')]
  const [length, keys] = keyAt(text, at + 1)
  return [1 + length, withHeld(keys, 'AltLeft')]
}

function withHeld(events: readonly KeyEvent[], key: KeyName): KeyEvent[] {
  return [{ key, isDown: true }, ...events, { key, isDown: false }]
}
