import { isVector } from './encode-memory.ts'
import { Memory, Register } from './operands.ts'
import type { AssemblerOperand } from './operands.ts'
import { RegisterClass as C } from './row.ts'
import type { OperandForm, Row } from './row.ts'
import { conditions } from './rows/conditional.ts'
import { rows } from './rows/index.ts'

/**
 * Choice of a row for a mnemonic and operands. Operands fall into classes within which the same row is always right
 * (their *signature*), so that the choice is made once for each combination and then looked up.
 */

/** Other spellings that manuals and assemblers use. */
const synonyms: Record<string, string> = {
  sal: 'shl',
  repnz: 'repne',
  fwait: 'wait',
  retn: 'ret',
  loopz: 'loope',
  loopnz: 'loopne',
  icebp: 'int1',
}
const conditionSynonyms: Record<string, string> = {
  z: 'e',
  nz: 'ne',
  c: 'b',
  nae: 'b',
  nb: 'ae',
  nc: 'ae',
  na: 'be',
  nbe: 'a',
  pe: 'p',
  po: 'np',
  nge: 'l',
  nl: 'ge',
  ng: 'le',
  nle: 'g',
}

/** Signatures of operands that are not registers; registers bring their own, below 40. */
const IMMEDIATE = 40
const MEMORY = 64
const SYMBOL = 96
const LABEL = 102
const SHORT = 103
const FAR = 104
const ABSOLUTE = 105
/** Memory with a vector of indexes. */
const INDEXED = 106
/** Signatures are below 128: seven bits each in a key. */
const SIGNATURE_BITS = 7

/** Ranges of immediates, ascending, that no encoding tells apart. */
const bounds: readonly number[] = [
  -0x80000000, -0x8000, -0x80, 0, 1, 2, 0x80, 0x100, 0xff80, 0x10000, 0x80000000, 0xffffff80, 0x100000000,
]

function immediateSignature(value: number | bigint): number {
  if (typeof value === 'bigint') {
    if (value >= -0x80000000n && value < 0x100000000n) return immediateSignature(Number(value))
    if (value >= 0xffffffffffffff80n) return IMMEDIATE + 20
    return value >= 0xffffffff80000000n ? IMMEDIATE + 19 : IMMEDIATE + 18
  }
  let range = 0
  while (range < bounds.length && value >= bounds[range]!) range++
  return IMMEDIATE + range
}

const memorySignatures: Record<number, number> = {
  0: 0,
  8: 1,
  16: 2,
  32: 3,
  48: 4,
  64: 5,
  80: 6,
  128: 7,
  256: 8,
  4096: 9,
}
const relocationSignatures = { abs32: 1, abs32s: 2, abs64: 3, pc32: 4 } as const

function signature(operand: AssemblerOperand): number {
  if (typeof operand === 'number' || typeof operand === 'bigint') return immediateSignature(operand)
  switch (operand.kind) {
    case 'register':
      return operand.signature
    case 'memory': {
      const size = memorySignatures[operand.size]
      if (size === undefined) throw new RangeError(`no memory operand has ${operand.size} bits`)
      const { index } = operand
      // Only a size of 32 or 64 bits, or none, can have a vector of indexes.
      if (index !== null && isVector(index))
        return INDEXED + Math.min(size, 5) + (index.registerClass === C.ymm ? 6 : 0)
      return MEMORY + size
    }
    case 'symbol':
      return SYMBOL + (operand.relocation === undefined ? 0 : relocationSignatures[operand.relocation])
    case 'label':
      return LABEL
    case 'short':
      return SHORT
    case 'far':
      return FAR
    case 'absolute':
      return ABSOLUTE
  }
}

/** The number of bytes that `value` needs is no more than the form has, for an operation on `operandBits`. */
function immediateFits(form: OperandForm, value: number | bigint, operandBits: number): boolean {
  let wide = BigInt(value)
  if (form.size === 64) return wide >= -(1n << 63n) && wide < 1n << 64n
  const size = BigInt(form.size)
  if (!form.signed) return wide >= -(1n << (size - 1n)) && wide < 1n << size
  // 0xfffffff0 is -16 to a 32-bit operation.
  const full = 1n << BigInt(operandBits)
  if (wide >= full / 2n && wide < full) wide -= full
  return wide >= -(1n << (size - 1n)) && wide < 1n << (size - 1n)
}

function accepts(row: Row, form: OperandForm, operand: AssemblerOperand): boolean {
  if (typeof operand === 'number' || typeof operand === 'bigint') {
    if (form.kind === 'constant') return form.fixed === Number(operand)
    return form.kind === 'immediate' && immediateFits(form, operand, row.operandSize || 64)
  }
  switch (operand.kind) {
    case 'register': {
      const high = operand.registerClass === C.gpr8High
      if (form.kind === 'fixed')
        return operand.registerClass === form.registerClass && operand.number === form.fixed
      const sameClass =
        operand.registerClass === form.registerClass || (high && form.registerClass === C.gpr8)
      return (form.kind === 'register' || form.kind === 'rm') && sameClass
    }
    case 'memory':
      return (
        (form.kind === 'memory' || form.kind === 'rm') &&
        indexClassOf(operand) === form.indexClass &&
        (operand.size === 0
          ? !row.branch.endsWith('-far')
          : form.memorySize === 0 || operand.size === form.memorySize)
      )
    case 'symbol':
      if (form.kind === 'relative') return form.size === 32
      if (form.kind !== 'immediate' || form.size < 32) return false
      return operand.relocation === undefined || operand.relocation === immediateRelocation(form)
    case 'label':
      return form.kind === 'relative'
    case 'short':
      return form.kind === 'relative' && form.size === 8
    case 'far':
      return form.kind === 'far'
    case 'absolute':
      return form.kind === 'moffs'
  }
}

/** Register file of a gather's indexes. */
function indexClassOf({ index }: Memory): number {
  return index !== null && isVector(index) ? index.registerClass : C.none
}

/** `XCHG EAX, EAX` would become 90, which is NOP and leaves the upper half of RAX alone. */
function isNopEncoding(row: Row, operands: readonly AssemblerOperand[]): boolean {
  return row.opcode === 0x90 && row.opcodeRegister && (operands[0] as Register).number === 0
}

/** Relocation of an immediate that holds the address of a symbol. */
export function immediateRelocation(form: OperandForm): 'abs32' | 'abs32s' | 'abs64' {
  return form.size === 64 ? 'abs64' : form.signed ? 'abs32s' : 'abs32'
}

/** The operands show the operand size, so that a prefix for it is what the user asked for. */
function sizeIsVisible(row: Row): boolean {
  return row.operands.some(
    (form) =>
      (form.registerClass !== C.none && form.registerClass !== C.segment && form.size === row.operandSize) ||
      form.memorySize >= row.operandSize ||
      form.kind === 'far',
  )
}

/** Bytes of the encoding apart from REX bits for registers, displacement and address-size prefix; large for unasked operand sizes. */
function cost(row: Row, mode: 16 | 32 | 64): number {
  const natural = mode === 64 && (row.default64 || row.forced64) ? 64 : mode === 16 ? 16 : 32
  const differs = row.operandSize !== 0 && row.operandSize !== natural
  const prefixes =
    (row.prefix === 'any' || row.prefix.startsWith('N') ? 0 : 1) + (differs || row.w === 1 ? 1 : 0)
  const unasked = differs && !sizeIsVisible(row) ? 100 : 0
  return prefixes + row.map + (row.vex ? 3 : 1) + (row.hasModrm ? 1 : 0) + row.immediateBytes + unasked
}

const byMnemonic = new Map<string, Row[]>()
for (const row of rows) {
  if (row.alias) continue
  const list = byMnemonic.get(row.mnemonic)
  if (list === undefined) byMnemonic.set(row.mnemonic, [row])
  else list.push(row)
}
for (const [other, name] of Object.entries(synonyms)) addSynonym(other, name)
for (const [suffix] of conditions) {
  for (const [other, name] of Object.entries(conditionSynonyms)) {
    if (name !== suffix) continue
    for (const stem of ['j', 'set', 'cmov']) addSynonym(stem + other, stem + name)
  }
}

function addSynonym(other: string, name: string): void {
  const list = byMnemonic.get(name)
  if (list !== undefined) byMnemonic.set(other, list)
}

const modeBit = { 16: 1, 32: 2, 64: 4 } as const

/** What is known of one mnemonic in one mode. */
export class Mnemonic {
  readonly name: string
  readonly #candidates: Row[]
  readonly #mode: 16 | 32 | 64
  readonly #chosen = new Map<number, readonly Row[]>()

  constructor(name: string, candidates: readonly Row[], mode: 16 | 32 | 64) {
    this.name = name
    this.#mode = mode
    const costs = new Map(candidates.map((row) => [row, cost(row, mode)]))
    this.#candidates = candidates
      .filter((row) => (row.modes & modeBit[mode]) !== 0)
      .toSorted((x, y) => costs.get(x)! - costs.get(y)! || x.index - y.index)
  }

  /**
   * Rows that fit, shortest first. There are several only for a branch to a label, whose length depends on the distance.
   * Throws when none fits, or when a memory operand without a size leaves the access open.
   */
  select(operands: readonly AssemblerOperand[]): readonly Row[] {
    let key = operands.length
    for (let i = 0; i < operands.length; i++) key = (key << SIGNATURE_BITS) | signature(operands[i]!)
    const known = this.#chosen.get(key)
    if (known !== undefined) return known

    const fitting = this.#candidates.filter(
      (row) =>
        row.operands.length === operands.length &&
        !isNopEncoding(row, operands) &&
        row.operands.every((form, position) => accepts(row, form, operands[position]!)),
    )
    const first = fitting[0]
    if (first === undefined)
      throw new TypeError(`no encoding of ${describe(this.name, operands)} in ${this.#mode}-bit mode`)
    operands.forEach((operand, position) => {
      if (!(operand instanceof Memory) || operand.size !== 0) return
      const size = first.operands[position]!.memorySize
      if (fitting.some((row) => row.operands[position]!.memorySize !== size)) {
        throw new TypeError(`${describe(this.name, operands)}: the memory operand needs a size`)
      }
    })
    const chosen = fitting.filter(
      (row) => row.operandSize === first.operandSize && cost(row, this.#mode) < 100,
    )
    const result = chosen.length === 0 ? [first] : chosen
    this.#chosen.set(key, result)
    return result
  }
}

function describe(name: string, operands: readonly AssemblerOperand[]): string {
  const shown = operands.map((operand) => {
    if (operand instanceof Register) return operand.name
    if (operand instanceof Memory) return operand.size === 0 ? 'mem' : `mem${operand.size}`
    return typeof operand === 'object' ? operand.kind : String(operand)
  })
  return `${name} ${shown.join(', ')}`
}

const selectors = {
  16: new Map<string, Mnemonic>(),
  32: new Map<string, Mnemonic>(),
  64: new Map<string, Mnemonic>(),
}

/** The selector of a mnemonic in a mode. Throws for an unknown mnemonic. */
export function mnemonicIn(mode: 16 | 32 | 64, name: string): Mnemonic {
  const known = selectors[mode].get(name)
  if (known !== undefined) return known
  const candidates = byMnemonic.get(name)
  if (candidates === undefined) throw new TypeError(`unknown mnemonic ${name}`)
  const made = new Mnemonic(name, candidates, mode)
  selectors[mode].set(name, made)
  return made
}
