/** Something that takes what is typed: a serial port, a console. */
export interface ByteReceiver {
  /** How many bytes there is room for now. */
  readonly room: number
  /** Told when there is room again. */
  onRoom: (() => void) | null
  /** Takes one byte; only while there is room. */
  receive(byte: number): void
  /** All that has come in for now was received. */
  commit?(): void
}
