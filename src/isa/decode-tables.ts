import { MODE32, MODE64, RegisterClass } from './row.ts'
import type { Row } from './row.ts'
import { rows } from './rows/index.ts'

/**
 * Lookup tables of the decoder, made from the rows.
 *
 * A cell holds a row's index, or `UNDEFINED`, or `-2 - g`: the row depends on the ModRM byte and stands in group g, 256 cells long.
 * Legacy cells are indexed by mode, map, opcode, last of 66/F2/F3 and operand size; VEX cells by mode, map, opcode, pp, L and W.
 */
export interface DecodeTables {
  readonly legacy: Int16Array
  readonly vex: Int16Array
  readonly groups: Int16Array
}

export const UNDEFINED = -1
/** Cells for one opcode: four prefixes × three operand sizes. */
export const LEGACY_CELLS = 12
/** Cells for one VEX opcode: four prefixes × L × W. */
export const VEX_CELLS = 16

const prefixNames = ['NP', '66', 'F3', 'F2'] as const
const sizes = [16, 32, 64] as const

/** How well the row's mandatory prefix fits; -1 when it does not. */
function prefixScore(row: Row, prefix: (typeof prefixNames)[number]): number {
  if (row.prefix === 'any') return 0
  if (row.prefix === 'NFx') return prefix === 'NP' || prefix === '66' ? 1 : -1
  return row.prefix === prefix ? 2 : -1
}

function sizeFits(row: Row, size: 16 | 32 | 64, long: boolean): boolean {
  if (row.w === 1 && size !== 64) return false
  if (row.operandSize === 0) return true
  if (long && row.forced64) return row.operandSize === 64
  if (long && row.default64) return row.operandSize === (size === 32 ? 64 : size)
  return row.operandSize === size || (row.wideIgnored && size === 64)
}

function modrmFits(row: Row, modrm: number): boolean {
  if (row.modrm >= 0) return row.modrm === modrm
  if (row.digit >= 0 && row.digit !== ((modrm >> 3) & 7)) return false
  if (row.mod === 'register') return modrm >= 0xc0
  return row.mod !== 'memory' || modrm < 0xc0
}

/** A row that says more about the encoding wins over one that says less. */
function specificity(row: Row): number {
  const opcode = row.modrm >= 0 ? 8 : row.digit >= 0 ? 4 : 0
  return opcode + (row.mod === 'any' ? 0 : 2) + (row.w === 1 ? 1 : 0)
}

function dependsOnModrm(row: Row): boolean {
  return row.modrm >= 0 || row.digit >= 0 || row.mod === 'register' || row.mod === 'memory'
}

/** Outside 64-bit mode VEX.W does not choose between general registers of 32 and 64 bits. */
function ignoresW(row: Row): boolean {
  return row.w === 0 && row.operands.some((form) => form.registerClass === RegisterClass.gpr32)
}

function isExchange(row: Row): boolean {
  return row.opcode === 0x90 && row.opcodeRegister && row.map === 0
}

/** Rows that hide behind another row with the same opcode and are found by `variantOf`: 90 itself is NOP. */
function isVariant(row: Row, opcode: number): boolean {
  return (row.addressSize !== 0 && row.addressSize !== 32) || (opcode === 0x90 && isExchange(row))
}

interface Candidate {
  readonly row: Row
  readonly score: number
}

class TableBuilder {
  readonly #groups: number[] = []
  /** Many cells have the same candidates, and many candidates give the same group. */
  readonly #cells = new Map<string, number>()
  readonly #groupByContent = new Map<string, number>()

  /** The cell for candidates; of those that fit an encoding, the one with the highest score wins. */
  cell(candidates: Candidate[]): number {
    if (candidates.length === 0) return UNDEFINED
    candidates.sort((x, y) => y.score - x.score || x.row.index - y.row.index)
    const key = candidates.map(({ row }) => row.index).join()
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      cell = this.#make(candidates)
      this.#cells.set(key, cell)
    }
    return cell
  }

  #make(candidates: readonly Candidate[]): number {
    if (!candidates.some(({ row }) => dependsOnModrm(row))) return candidates[0]!.row.index
    const group: number[] = []
    for (let modrm = 0; modrm < 256; modrm++) {
      group.push(candidates.find(({ row }) => modrmFits(row, modrm))?.row.index ?? UNDEFINED)
    }
    const content = group.join()
    let index = this.#groupByContent.get(content)
    if (index === undefined) {
      index = this.#groups.length / 256
      this.#groupByContent.set(content, index)
      this.#groups.push(...group)
    }
    return -2 - index
  }

  get groups(): Int16Array {
    return Int16Array.from(this.#groups)
  }
}

function byOpcode(vex: boolean): Map<number, Row[]> {
  const result = new Map<number, Row[]>()
  for (const row of rows) {
    if (row.vex !== vex) continue
    for (let low = 0; low < (row.opcodeRegister ? 8 : 1); low++) {
      if (isVariant(row, row.opcode + low)) continue
      const key = (row.map << 8) | (row.opcode + low)
      const list = result.get(key)
      if (list === undefined) result.set(key, [row])
      else list.push(row)
    }
  }
  return result
}

/** Takes some forty milliseconds; see `tables.ts`. */
export function buildDecodeTables(): DecodeTables {
  const builder = new TableBuilder()
  const legacy = new Int16Array(2 * 1024 * LEGACY_CELLS).fill(UNDEFINED)
  const vex = new Int16Array(2 * 1024 * VEX_CELLS).fill(UNDEFINED)
  for (const long of [false, true]) {
    const half = long ? 1024 : 0
    const inMode = (row: Row): boolean => (row.modes & (long ? MODE64 : MODE32)) !== 0
    for (const [key, all] of byOpcode(false)) {
      const list = all.filter(inMode)
      for (let cell = 0; cell < LEGACY_CELLS; cell++) {
        const prefix = prefixNames[Math.floor(cell / 3)]!
        const size = sizes[cell % 3]!
        const candidates = list
          .filter((row) => sizeFits(row, size, long) && prefixScore(row, prefix) >= 0)
          .map((row) => ({ row, score: prefixScore(row, prefix) * 16 + specificity(row) }))
        legacy[(half + key) * LEGACY_CELLS + cell] = builder.cell(candidates)
      }
    }
    for (const [key, all] of byOpcode(true)) {
      const list = all.filter(inMode)
      for (let cell = 0; cell < VEX_CELLS; cell++) {
        const prefix = prefixNames[cell >> 2]!
        const length = (cell & 2) === 0 ? 128 : 256
        const w = cell & 1
        const candidates = list
          .filter((row) => row.prefix === prefix && (row.vectorLength === 0 || row.vectorLength === length))
          .filter((row) => row.w < 0 || row.w === w || (!long && ignoresW(row)))
          .map((row) => ({ row, score: specificity(row) }))
        vex[(half + key) * VEX_CELLS + cell] = builder.cell(candidates)
      }
    }
  }
  return { legacy, vex, groups: builder.groups }
}

const variants = new Map<string, Row>()
for (const row of rows) {
  if (isVariant(row, row.opcode)) variants.set(`${row.opcode},${row.addressSize},${row.operandSize}`, row)
}

/**
 * The rows that neither opcode nor ModRM nor operand size tell apart: JCXZ, JECXZ, JRCXZ by address size, and NOP from
 * `XCHG r8, rAX` by REX.B. Undefined when `row` is right.
 */
export function variantOf(
  row: Row,
  addressSize: number,
  operandSize: number,
  rexB: boolean,
): Row | undefined {
  if (row.addressSize !== 0) {
    return addressSize === row.addressSize
      ? undefined
      : variants.get(`${row.opcode},${addressSize},${row.operandSize}`)
  }
  return row.opcode === 0x90 && row.prefix === 'any' && rexB
    ? variants.get(`${row.opcode},0,${operandSize}`)
    : undefined
}

/** Indexes of rows for which `variantOf` must be asked. */
export const hasVariants: Uint8Array = Uint8Array.from(rows, (row) =>
  row.addressSize !== 0 || (row.opcode === 0x90 && row.map === 0 && !row.vex) ? 1 : 0,
)
