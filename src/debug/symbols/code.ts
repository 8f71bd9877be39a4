/** Code as it stands in an ELF image, by the address at which it runs. */
import { isElf } from './elf.ts'
import { ByteReader } from './reader.ts'

const PT_LOAD = 1
const PROGRAM_HEADER_OFFSET = 0x20
const PROGRAM_HEADER_SIZE = 0x36

interface Segment {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/** Loadable segments of a 64-bit image. */
export class ImageCode {
  readonly #segments: readonly Segment[]

  constructor(image: Uint8Array) {
    this.#segments = isElf(image) && image[4] === 2 ? segmentsOf(image) : []
  }

  /** At most `length` bytes; fewer at the end of a segment, none outside. */
  at(address: bigint, length: number): Uint8Array {
    const found = this.#segments.find(
      (each) => address >= each.address && address < each.address + BigInt(each.bytes.length),
    )
    if (!found) return new Uint8Array(0)
    const offset = Number(address - found.address)
    return found.bytes.subarray(offset, offset + length)
  }
}

function segmentsOf(image: Uint8Array): Segment[] {
  const header = new ByteReader(image, PROGRAM_HEADER_OFFSET)
  const tableAt = Number(header.u64())
  header.at = PROGRAM_HEADER_SIZE
  const [entryBytes, count] = [header.u16(), header.u16()]
  return Array.from({ length: count }, (_, i) => {
    const entry = new ByteReader(image, tableAt + i * entryBytes)
    const type = entry.u32()
    entry.skip(4)
    const offset = Number(entry.u64())
    const address = entry.u64()
    entry.skip(8)
    const size = type === PT_LOAD ? Number(entry.u64()) : 0
    return { address, bytes: image.subarray(offset, offset + size) }
  })
}
