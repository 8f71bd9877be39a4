import type { FunctionInfo, ObjectFile } from '../object.ts'
import type { PlacedSection } from './layout.ts'

/** A function at its place in the image. */
export interface ImageFunction {
  readonly object: ObjectFile
  readonly info: FunctionInfo
  readonly start: number
  readonly end: number
}

/** All functions that have code, ascending by address. */
export function placeFunctions(placed: readonly PlacedSection[]): ImageFunction[] {
  const functions: ImageFunction[] = []
  for (const { object, index, address } of placed)
    for (const info of object.functions) {
      if (info.section !== index || info.size === 0) continue
      const start = address + info.offset
      functions.push({ object, info, start, end: start + info.size })
    }
  return functions.toSorted((a, b) => a.start - b.start)
}
