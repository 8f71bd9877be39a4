/** The end of an application that cannot go on: its message goes to the kernel, which says where it happened. */
import { fail } from '../api/gen/kernel'

const LONGEST = 200
const buffer: usize = memory.data(256, 8)

/** Stops the thread with `text`, whose characters beyond ASCII become `?`. Allocates nothing. */
export function failWith(text: string): void {
  const length = min(text.length, LONGEST)
  for (let i = 0; i < length; i++) {
    const unit = load<u16>(changetype<usize>(text) + ((<usize>i) << 1))
    store<u8>(buffer + i, unit < 128 ? <u8>unit : 63)
  }
  fail(buffer, length)
}
