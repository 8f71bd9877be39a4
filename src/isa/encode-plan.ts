import type { OperandForm, Row } from './row.ts'

export type Mode = 16 | 32 | 64

/** What the encoder needs of a row, worked out once for a mode. Slots are positions in the operand list, -1 when absent. */
export interface Plan {
  readonly row: Row
  readonly reg: number
  readonly rm: number
  readonly vvvv: number
  readonly opcodeSlot: number
  /** Immediates and displacements in encoding order. */
  readonly tail: readonly { readonly slot: number; readonly form: OperandForm; readonly bytes: number }[]
  /** 66, F2 or F3, or 0; a second one in `prefix2`. */
  readonly prefix1: number
  readonly prefix2: number
  readonly rexW: number
  readonly addressPrefix: boolean
  /** Bytes after the displacement of a memory operand. */
  readonly tailBytes: number
  /** The reg field when no operand fills it. */
  readonly regField: number
}

const mandatory: Record<string, number> = { '66': 0x66, F2: 0xf2, F3: 0xf3 }

function slotOf(row: Row, place: string): number {
  return row.operands.findIndex((form) => form.place === place)
}

function tailOf(row: Row, mode: Mode): Plan['tail'] {
  return row.operands.flatMap((form, slot) => {
    if (form.place === 'is4') return [{ slot, form, bytes: 1 }]
    if (form.place !== 'immediate') return []
    if (form.kind === 'moffs') return [{ slot, form, bytes: mode / 8 }]
    return [{ slot, form, bytes: form.size / 8 + (form.kind === 'far' ? 2 : 0) }]
  })
}

/** Whether the row needs an operand-size prefix or REX.W in this mode. */
function sizePrefix(row: Row, mode: Mode): '66' | 'w' | 'none' {
  if (row.w === 1) return 'w'
  if (row.operandSize === 0) return 'none'
  if (mode === 64) {
    if (row.operandSize === 64) return row.default64 || row.forced64 ? 'none' : 'w'
    return row.operandSize === 16 ? '66' : 'none'
  }
  return row.operandSize === mode ? 'none' : '66'
}

export function planFor(row: Row, mode: Mode): Plan {
  const size = row.vex ? 'none' : sizePrefix(row, mode)
  const own = mandatory[row.prefix] ?? 0
  const tail = tailOf(row, mode)
  const naturalAddress = mode
  return {
    row,
    reg: slotOf(row, 'reg'),
    rm: slotOf(row, 'rm'),
    vvvv: slotOf(row, 'vvvv'),
    opcodeSlot: slotOf(row, 'opcode'),
    tail,
    prefix1: size === '66' ? 0x66 : own,
    prefix2: size === '66' ? own : 0,
    rexW: size === 'w' ? 8 : 0,
    addressPrefix: row.addressSize !== 0 && row.addressSize !== naturalAddress,
    tailBytes: tail.reduce((sum, part) => sum + part.bytes, 0),
    regField: row.modrm >= 0 ? (row.modrm >> 3) & 7 : Math.max(row.digit, 0),
  }
}

const plans: Record<Mode, (Plan | undefined)[]> = { 16: [], 32: [], 64: [] }

/** The cached plan of a row in a mode. */
export function planOf(row: Row, mode: Mode): Plan {
  return (plans[mode][row.index] ??= planFor(row, mode))
}
