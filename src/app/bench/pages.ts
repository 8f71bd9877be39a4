/** Pages: asked for and given back, and touched for the first time. */
import { mapMemory, unmapMemory } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

const PAGE: u32 = 4096

function touch(id: u32, pages: u32): void {
  const start = mapMemory(pages * PAGE)
  begin(id)
  for (let i: u32 = 0; i < pages; i++) store<u8>(start + i * PAGE, 1)
  end(id)
  unmapMemory(start)
}

export function pages(): void {
  // Page tables come with the first page, and stay.
  const start = mapMemory(PAGE)
  store<u8>(start, 1)
  unmapMemory(start)
  begin(Cases.MAP)
  for (let i = 0; i < Cases.MAPS; i++) unmapMemory(mapMemory(16 * PAGE))
  end(Cases.MAP)
  touch(Cases.FAULT_1, 1)
  touch(Cases.FAULT_10, 10)
  touch(Cases.FAULT_100, 100)
}
