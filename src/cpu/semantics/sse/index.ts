/** SSE to SSE4.2. */
import type { Definitions } from '../definition.ts'
import { sseApproximate } from './approximate.ts'
import { sseArithmetic } from './arithmetic.ts'
import { sseCompare } from './compare.ts'
import { sseConvert } from './convert.ts'
import { fma } from './fma.ts'
import { half } from './half.ts'
import { sseInsert } from './insert.ts'
import { sseInteger } from './integer.ts'
import { sseMove } from './move.ts'
import { sseRound } from './round.ts'
import { sseShuffle } from './shuffle.ts'
import { sseString } from './string.ts'

export const sse: readonly Definitions[] = [
  sseMove,
  sseArithmetic,
  sseApproximate,
  sseCompare,
  sseConvert,
  sseRound,
  fma,
  half,
  sseInteger,
  sseShuffle,
  sseInsert,
  sseString,
]
