/** What firmware says on its debug ports, line by line, to whoever listens. A guest that never stops is cut off. */
const LINE_BYTES = 512
const TOTAL_BYTES: number = 4 * 1024 * 1024

export class FirmwareLog {
  readonly #onLine: (line: string) => void
  #line = ''
  #total = 0

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(byte: number): void {
    if (this.#total >= TOTAL_BYTES) return
    this.#total++
    if (byte !== 0x0a) this.#line += String.fromCharCode(byte)
    if (byte === 0x0a || this.#line.length === LINE_BYTES || this.#total === TOTAL_BYTES) this.#end()
  }

  #end(): void {
    this.#onLine(this.#line)
    this.#line = ''
  }
}
