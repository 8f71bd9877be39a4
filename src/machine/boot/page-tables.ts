/** Page tables for kernels that start in 64-bit mode (SDM vol. 3, 4.5). */
import { type BootInfoWriter, setU64 } from './boot-info.ts'

const PAGE_BYTES = 4096
const LARGE_PAGE_BYTES = 0x20_0000
const ENTRIES = 512
const GIBIBYTES = 4
const PRESENT_WRITABLE = 0x3
const PAGE_SIZE = 0x80

/** Maps the lowest 4 GiB one to one in pages of 2 MiB. Returns the PML4's address. */
export function writePageTables(info: BootInfoWriter): number {
  const table = (): { gpa: number; view: DataView } => info.allocate(PAGE_BYTES, PAGE_BYTES)
  const pml4 = table()
  const pdpt = table()
  setU64(pml4.view, 0, pdpt.gpa | PRESENT_WRITABLE)
  for (let i = 0; i < GIBIBYTES; i++) {
    const directory = table()
    setU64(pdpt.view, 8 * i, directory.gpa | PRESENT_WRITABLE)
    for (let j = 0; j < ENTRIES; j++)
      setU64(directory.view, 8 * j, (ENTRIES * i + j) * LARGE_PAGE_BYTES + PRESENT_WRITABLE + PAGE_SIZE)
  }
  return pml4.gpa
}
