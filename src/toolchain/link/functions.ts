import type { FunctionInfo, LineRow, ObjectFile } from '../object.ts'
import type { PlacedSection } from './layout.ts'

/** A function at its place in the image. */
export interface ImageFunction {
  readonly object: ObjectFile
  readonly info: FunctionInfo
  readonly start: number
  readonly end: number
  /** Ascending by offset; only places that a person has written. */
  readonly lines: readonly LineRow[]
}

/** Modules that the driver makes up (`src/toolchain/build/programs.ts`): nobody wants to be shown a line of them. */
const isMadeUp = (file: string | undefined): boolean => file?.startsWith('onering-') === true

/**
 * The rows of a function without those of made-up modules. The source map says nothing about a function's entry, where
 * its first row therefore tells of the code before it: that row takes the place of the second.
 */
function ownLines({ lines }: FunctionInfo, { files }: ObjectFile): LineRow[] {
  const kept = lines.filter(({ file }, index) => index === 0 || !isMadeUp(files[file]))
  const [first, second, ...rest] = kept
  return first === undefined || second === undefined
    ? kept
    : [{ ...second, offset: first.offset }, second, ...rest]
}

/** All functions that have code, ascending by address. */
export function placeFunctions(placed: readonly PlacedSection[]): ImageFunction[] {
  const functions: ImageFunction[] = []
  for (const { object, index, address } of placed)
    for (const info of object.functions) {
      if (info.section !== index || info.size === 0) continue
      const start = address + info.offset
      functions.push({ object, info, start, end: start + info.size, lines: ownLines(info, object) })
    }
  return functions.toSorted((a, b) => a.start - b.start)
}
