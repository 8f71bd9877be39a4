/**
 * The image's own symbol and line table, written by `src/toolchain/link/line-table.ts`. All numbers are u32 unless
 * said otherwise:
 *
 *   functions, rows, files                      three counts
 *   per function: start, end, name              ascending by start; the name as an offset from the table's start
 *   per row: address, u16 file, u16 line        ascending by address; file 0xffff: no line known
 *   per file: name                              an offset, too
 *   names, each ended by a zero byte
 */
import { lineTable } from '../lib/image'
import { print, printDecimal, printHex, printZeroTerminated } from '../lib/text'

const FUNCTION_BYTES: usize = 12
const ROW_BYTES: usize = 8

/** Index of the last entry whose first word is at most `address`, or −1. */
function lastAtMost(table: usize, count: i32, stride: usize, address: u64): i32 {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (<u64>load<u32>(table + <usize>middle * stride) <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Prints `function (file:line)` for the instruction at `address`; the bare address where the table has nothing. */
export function printPlace(address: u64): void {
  const table = lineTable()
  const functionCount = load<i32>(table)
  const rowCount = load<i32>(table, 4)
  const functions = table + 12
  const rows = functions + <usize>functionCount * FUNCTION_BYTES
  const files = rows + <usize>rowCount * ROW_BYTES
  const index = lastAtMost(functions, functionCount, FUNCTION_BYTES, address)
  if (index < 0 || address >= <u64>load<u32>(functions + <usize>index * FUNCTION_BYTES, 4)) {
    printHex(address)
    return
  }
  const start = load<u32>(functions + <usize>index * FUNCTION_BYTES)
  printZeroTerminated(table + load<u32>(functions + <usize>index * FUNCTION_BYTES, 8))
  const row = lastAtMost(rows, rowCount, ROW_BYTES, address)
  if (row < 0) return
  const at = rows + <usize>row * ROW_BYTES
  if (load<u32>(at) < start || load<u16>(at, 4) == 0xffff) return
  print(' (')
  printZeroTerminated(table + load<u32>(files + ((<usize>load<u16>(at, 4)) << 2)))
  print(':')
  printDecimal(load<u16>(at, 6))
  print(')')
}

/** Whether the table knows a function there. */
export function isCode(address: u64): bool {
  const table = lineTable()
  const functionCount = load<i32>(table)
  const functions = table + 12
  const index = lastAtMost(functions, functionCount, FUNCTION_BYTES, address)
  return index >= 0 && address < <u64>load<u32>(functions + <usize>index * FUNCTION_BYTES, 4)
}
