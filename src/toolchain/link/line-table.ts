/** The symbol and line table inside the image, read by `src/kernel/trap/symbols.ts`, which describes the format. */
import { ByteWriter, StringTable } from './bytes.ts'
import type { ImageFunction } from './functions.ts'
import { shortFile, shortName } from './names.ts'

const NO_FILE = 0xffff
const MOST_LINE = 0xffff

/** `functions` ascending by address. */
export function buildLineTable(functions: readonly ImageFunction[]): Uint8Array {
  const files = new Map<string, number>()
  const rows: { address: number; file: number; line: number }[] = []
  for (const { start, lines, object } of functions) {
    let last = ''
    for (const { offset, file, line } of lines) {
      const name = object.files[file]
      const index = name === undefined ? NO_FILE : (files.get(name) ?? files.set(name, files.size).get(name)!)
      const key = `${index}:${line}`
      if (key === last) continue
      last = key
      rows.push({ address: start + offset, file: index, line: Math.min(line, MOST_LINE) })
    }
  }
  const strings = new StringTable()
  const names = functions.map(({ info }) => strings.add(shortName(info.name)))
  const fileNames = [...files.keys()].map((file) => strings.add(shortFile(file)))
  const stringsAt = 12 + functions.length * 12 + rows.length * 8 + fileNames.length * 4
  const out = new ByteWriter().u32(functions.length).u32(rows.length).u32(fileNames.length)
  for (const [index, { start, end }] of functions.entries())
    out
      .u32(start)
      .u32(end)
      .u32(stringsAt + names[index]!)
  for (const { address, file, line } of rows) out.u32(address).u16(file).u16(line)
  for (const name of fileNames) out.u32(stringsAt + name)
  return out.bytes(strings.finish()).finish()
}
