import type { Inst } from '../lower/mir.ts'

const reads = /^(cmov|set|adc|sbb|branch|jcc|switch|trapif|select)/
const writes =
  /^(add|sub|and|or|xor|cmp|test|imul|mul|idiv|div|rem|neg|call|return|bsf|bsr|popcnt|lzcnt|tzcnt|ucomis[sd]|trap|jmp)$/

/** `true`: it writes all flags anew; `false`: it reads them; `undefined`: it leaves them alone, or some of them. */
export function writesFlags(inst: Inst): boolean | undefined {
  if (reads.test(inst.op)) return false
  return writes.test(inst.op) ? true : undefined
}
