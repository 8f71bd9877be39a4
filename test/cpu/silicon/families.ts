import { branch32, branch64 } from './branch-cases.ts'
import type { Family } from './family.ts'
import { integer32, integer64 } from './integer-cases.ts'
import { mxcsr, vectorFloats, vectors } from './vector-cases.ts'
import { mmx, x87 } from './x87-families.ts'

export const families: readonly Family[] = [
  integer64,
  integer32,
  branch64,
  branch32,
  vectors,
  vectorFloats,
  mxcsr,
  x87,
  mmx,
]
