/** The x87 unit. The helpers of `guest/x87` compute; here stands how operands reach them. */
import type { Definitions } from '../definition.ts'
import { x87Arithmetic } from './arithmetic.ts'
import { x87Control } from './control.ts'
import { x87Move } from './move.ts'

export const x87: Definitions = { mnemonics: { ...x87Control, ...x87Arithmetic, ...x87Move } }
