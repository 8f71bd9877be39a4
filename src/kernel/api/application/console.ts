/** The console, for text. */
import { write } from '../gen/kernel'

/** Writes `text` as UTF-8, without a line end. */
export function print(text: string): void {
  const bytes = String.UTF8.encode(text)
  let at = changetype<usize>(bytes)
  let left = <u32>bytes.byteLength
  while (left > 0) {
    const written = write(1, at, left)
    if (written <= 0) break
    at += written
    left -= written
  }
}

/** The part of the usual `console` that makes sense here. */
export namespace console {
  /** Writes one line. */
  export function log(text: string): void {
    print(text + '\n')
  }

  /** Writes one line; standard output and error are the same place. */
  export function error(text: string): void {
    print(text + '\n')
  }
}
