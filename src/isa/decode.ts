import type { DecodeTables } from './decode-tables.ts'
import { hasVariants, LEGACY_CELLS, UNDEFINED, variantOf, VEX_CELLS } from './decode-tables.ts'
import { decodeTables } from './tables.ts'
import {
  BASE_RIP,
  OperandKind,
  PREFIX_ADDRESS_SIZE,
  PREFIX_LOCK,
  PREFIX_OPERAND_SIZE,
  PREFIX_REP,
  PREFIX_REPNE,
  PREFIX_REX,
  PREFIX_VEX,
} from './instruction.ts'
import type { Instruction, Operand } from './instruction.ts'
import { RegisterClass as C } from './row.ts'
import type { OperandForm, Row } from './row.ts'
import { rows } from './rows/index.ts'

/** Results of `decode`. */
export const DecodeStatus = {
  ok: 0,
  /** No row has this encoding, or LOCK stands where it must not: #UD. */
  undefined: 1,
  /** More than 15 bytes: #GP(0). */
  tooLong: 2,
  /** The instruction goes on beyond `limit`. */
  needMoreBytes: 3,
} as const
export type DecodeStatus = (typeof DecodeStatus)[keyof typeof DecodeStatus]

/** Bytes of the longest instruction. SDM Vol. 2A, 2.3.11. */
export const MAX_LENGTH = 15

/** Kinds of prefix bytes, by value; 0 for what is none. 1 segment, 2 operand size, 3 address size, 4 LOCK, 5 REPNE, 6 REP, 7 REX. */
const prefixKind = new Uint8Array(256)
const segmentOf: Record<number, number> = { 0x26: 0, 0x2e: 1, 0x36: 2, 0x3e: 3, 0x64: 4, 0x65: 5 }
for (const byte of Object.keys(segmentOf)) prefixKind[Number(byte)] = 1
prefixKind[0x66] = 2
prefixKind[0x67] = 3
prefixKind[0xf0] = 4
prefixKind[0xf2] = 5
prefixKind[0xf3] = 6
for (let byte = 0x40; byte < 0x50; byte++) prefixKind[byte] = 7

/** Base and index of the eight 16-bit forms. */
const base16 = [3, 3, 5, 5, 6, 7, 5, 3]
const index16 = [6, 7, 6, 7, -1, -1, -1, -1]

let tables: DecodeTables

/** State of the instruction being decoded; `decode` runs to its end before anybody else can call it. */
let code: Uint8Array = new Uint8Array(0)
let position = 0
let end = 0
let status: DecodeStatus = DecodeStatus.ok
let exhausted: DecodeStatus = DecodeStatus.needMoreBytes
let rex = 0
let vvvv = 0
let modrm = 0

function fetch8(): number {
  if (position >= end) {
    status = exhausted
    return 0
  }
  return code[position++]!
}

function fetch16(): number {
  const low = fetch8()
  return low | (fetch8() << 8)
}

/** Signed. */
function fetch32(): number {
  const low = fetch16()
  return low | (fetch16() << 16)
}

/**
 * Decodes the instruction at `offset`. `limit` is the end of the valid bytes; `mode` that of the code segment. On `ok`
 * every field of `out` that its operand kinds define is set; otherwise `out` holds rubbish, except for `out.length` on `undefined`, which
 * is the number of bytes looked at. Constant time; no allocation.
 */
export function decode(
  bytes: Uint8Array,
  offset: number,
  limit: number,
  mode: 16 | 32 | 64,
  out: Instruction,
): DecodeStatus {
  tables ??= decodeTables()
  code = bytes
  position = offset
  end = Math.min(limit, offset + MAX_LENGTH)
  exhausted = end < offset + MAX_LENGTH ? DecodeStatus.needMoreBytes : DecodeStatus.tooLong
  status = DecodeStatus.ok
  rex = 0
  vvvv = 0
  out.segment = -1
  const long = mode === 64

  let prefixes = 0
  let byte = fetch8()
  for (;;) {
    const kind = prefixKind[byte]
    if (kind === 0 || (kind === 7 && !long)) break
    if (kind === 7) {
      rex = byte
      byte = fetch8()
      continue
    }
    rex = 0
    if (kind === 1) {
      const segment = segmentOf[byte]!
      if (!long || segment > 3) out.segment = segment
    } else if (kind === 2) prefixes |= PREFIX_OPERAND_SIZE
    else if (kind === 3) prefixes |= PREFIX_ADDRESS_SIZE
    else if (kind === 4) prefixes |= PREFIX_LOCK
    else if (kind === 5) prefixes = (prefixes & ~PREFIX_REP) | PREFIX_REPNE
    else prefixes = (prefixes & ~PREFIX_REPNE) | PREFIX_REP
    byte = fetch8()
    if (status !== DecodeStatus.ok) return status
  }
  if (status !== DecodeStatus.ok) return status

  if (rex !== 0) prefixes |= PREFIX_REX
  const wide = (rex & 8) !== 0
  const otherSize = (prefixes & PREFIX_OPERAND_SIZE) !== 0
  const operandSize = wide ? 64 : otherSize === (mode === 16) ? 32 : 16
  const otherAddress = (prefixes & PREFIX_ADDRESS_SIZE) !== 0
  const addressSize = long ? (otherAddress ? 32 : 64) : otherAddress === (mode === 16) ? 32 : 16
  out.addressSize = addressSize

  const half = long ? 1024 : 0
  let cell: number
  if ((byte === 0xc4 || byte === 0xc5) && (long || (position < end && code[position]! >= 0xc0))) {
    const opcodeKey = vexPrefix(byte === 0xc5, prefixes, long)
    if (status !== DecodeStatus.ok) return fail(out, offset)
    prefixes |= PREFIX_VEX
    cell = tables.vex[half * VEX_CELLS + opcodeKey]!
  } else {
    let map = 0
    if (byte === 0x0f) {
      byte = fetch8()
      map = 1
      if (byte === 0x38 || byte === 0x3a) {
        map = byte === 0x38 ? 2 : 3
        byte = fetch8()
      }
    }
    if (status !== DecodeStatus.ok) return status
    const prefix = (prefixes & PREFIX_REP) !== 0 ? 2 : (prefixes & PREFIX_REPNE) !== 0 ? 3 : otherSize ? 1 : 0
    const size = operandSize === 16 ? 0 : operandSize === 32 ? 1 : 2
    cell = tables.legacy[(half + (map << 8) + byte) * LEGACY_CELLS + prefix * 3 + size]!
  }
  out.prefixes = prefixes

  let hasModrm = false
  if (cell < UNDEFINED) {
    modrm = fetch8()
    if (status !== DecodeStatus.ok) return status
    hasModrm = true
    cell = tables.groups[(-2 - cell) * 256 + modrm]!
  }
  if (cell === UNDEFINED) return fail(out, offset)
  let row = rows[cell]!
  if (hasVariants[cell] === 1) row = variantOf(row, addressSize, operandSize, (rex & 1) !== 0) ?? row
  if (row.hasModrm && !hasModrm) {
    modrm = fetch8()
    if (status !== DecodeStatus.ok) return status
  }
  out.row = row
  out.operandSize = row.operandSize === 0 ? operandSize : row.operandSize
  fillOperands(row, out, long)
  if (status !== DecodeStatus.ok) return status === DecodeStatus.undefined ? fail(out, offset) : status
  if ((prefixes & PREFIX_LOCK) !== 0 && (!row.lockable || modrm >= 0xc0)) return fail(out, offset)
  out.length = position - offset
  return DecodeStatus.ok
}

function fail(out: Instruction, offset: number): DecodeStatus {
  out.length = position - offset
  return status === DecodeStatus.ok ? DecodeStatus.undefined : status
}

/** Reads the rest of a VEX prefix and the opcode; gives the cell within the mode's half of the table. */
function vexPrefix(twoBytes: boolean, prefixes: number, long: boolean): number {
  const first = fetch8()
  let map = 1
  let last = first
  rex = (first & 0x80) === 0 ? 4 : 0
  if (!twoBytes) {
    map = first & 0x1f
    rex |= ((first & 0x40) === 0 ? 2 : 0) | ((first & 0x20) === 0 ? 1 : 0)
    last = fetch8()
  }
  const opcode = fetch8()
  const wide = twoBytes ? 0 : last >> 7
  vvvv = ~(last >> 3) & 15
  if (!long) rex = 0
  if (status !== DecodeStatus.ok) return 0
  const forbidden = PREFIX_LOCK | PREFIX_REP | PREFIX_REPNE | PREFIX_OPERAND_SIZE | PREFIX_REX
  if (map < 1 || map > 3 || (prefixes & forbidden) !== 0) {
    status = DecodeStatus.undefined
    return 0
  }
  const pp = last & 3
  return ((map << 8) + opcode) * VEX_CELLS + pp * 4 + ((last & 4) !== 0 ? 2 : 0) + wide
}

function fillOperands(row: Row, out: Instruction, long: boolean): void {
  const forms = row.operands
  const memory = row.hasModrm && modrm < 0xc0 && row.mod !== 'ignored'
  if (row.vex && vvvv !== 0 && !forms.some((form) => form.place === 'vvvv')) status = DecodeStatus.undefined
  out.operandCount = forms.length
  let rmSeen = !memory
  for (let i = 0; i < forms.length; i++) {
    const form = forms[i]!
    const operand = out.operands[i]!
    operand.size = form.size
    switch (form.place) {
      case 'reg':
        setRegister(operand, form, ((modrm >> 3) & 7) | ((rex & 4) << 1))
        break
      case 'rm':
        if (!memory) {
          setRegister(operand, form, (modrm & 7) | ((rex & 1) << 3))
          break
        }
        rmSeen = true
        operand.kind = OperandKind.memory
        operand.size = form.memorySize
        operand.registerClass = form.indexClass
        fillMemory(operand, out, long)
        break
      case 'vvvv':
        setRegister(operand, form, long ? vvvv : vvvv & 7)
        break
      case 'opcode':
        setRegister(operand, form, (code[position - 1]! & 7) | ((rex & 1) << 3))
        break
      case 'implied':
        if (form.kind === 'fixed') {
          operand.kind = OperandKind.register
          operand.registerClass = form.registerClass
          operand.register = form.fixed
        } else setImmediate(operand, form.fixed, form.fixed, 0)
        break
      case 'is4': {
        setRegister(operand, form, (fetch8() >> 4) & (long ? 15 : 7))
        break
      }
      case 'immediate':
        // A ModRM byte whose operand the row does not list (UD0 and the like do) has been read by now.
        fillImmediate(operand, form, out)
    }
  }
  if (row.indexed && sharesRegisters(out)) status = DecodeStatus.undefined
  // A row whose r/m is not an operand still has the bytes of the address.
  if (!rmSeen) fillMemory(scratch, out, long)
}

/** The destination, the indexes and the mask of a gather must be three registers. */
function sharesRegisters({ operands }: Instruction): boolean {
  const [to, memory, mask] = operands
  return to.register === mask.register || to.register === memory.index || mask.register === memory.index
}

const scratch = {
  registerClass: C.none,
  segment: 0,
  base: 0,
  index: 0,
  scale: 1,
  displacement: 0,
  low: 0,
  high: 0,
} as Operand

function setRegister(operand: Operand, form: OperandForm, number: number): void {
  operand.kind = OperandKind.register
  operand.registerClass = form.registerClass
  operand.register = number
  switch (form.registerClass) {
    case C.gpr8:
      if (rex === 0 && number > 3) operand.registerClass = C.gpr8High
      break
    case C.segment:
      operand.register = number & 7
      if ((number & 7) > 5 || ((number & 7) === 1 && form.access === 'w')) status = DecodeStatus.undefined
      break
    case C.control:
      if (number !== 0 && number !== 2 && number !== 3 && number !== 4 && number !== 8)
        status = DecodeStatus.undefined
      break
    case C.debug:
      if (number > 7) status = DecodeStatus.undefined
      break
    case C.mmx:
    case C.x87:
      operand.register = number & 7
  }
}

function setImmediate(operand: Operand, value: number, low: number, high: number): void {
  operand.kind = OperandKind.immediate
  operand.value = value
  operand.low = low
  operand.high = high
}

function fillImmediate(operand: Operand, form: OperandForm, out: Instruction): void {
  if (form.kind === 'far') {
    operand.kind = OperandKind.far
    operand.value = form.size === 16 ? fetch16() : fetch32() >>> 0
    operand.selector = fetch16()
    return
  }
  if (form.kind === 'moffs') {
    operand.kind = OperandKind.memory
    operand.size = form.memorySize
    operand.registerClass = C.none
    operand.base = -1
    operand.index = -1
    operand.scale = 1
    operand.segment = out.segment < 0 ? 3 : out.segment
    operand.low = out.addressSize === 16 ? fetch16() : fetch32()
    operand.high = out.addressSize === 64 ? fetch32() : 0
    operand.displacement = operand.high * 0x100000000 + (operand.low >>> 0)
    return
  }
  if (form.size === 64) {
    const low = fetch32()
    const high = fetch32()
    setImmediate(operand, (high >>> 0) * 0x100000000 + (low >>> 0), low, high)
    return
  }
  const raw = form.size === 8 ? fetch8() : form.size === 16 ? fetch16() : fetch32()
  if (form.signed) {
    const shift = 32 - form.size
    const value = (raw << shift) >> shift
    setImmediate(operand, value, value, value >> 31)
    if (form.kind === 'relative') operand.kind = OperandKind.relative
  } else setImmediate(operand, raw >>> 0, raw, 0)
}

function fillMemory(operand: Operand, out: Instruction, long: boolean): void {
  operand.index = -1
  operand.scale = 1
  const mod = modrm >> 6
  const rm = modrm & 7
  const isVector = operand.registerClass !== C.none
  // A vector of indexes needs a SIB byte.
  if (isVector && (rm !== 4 || out.addressSize === 16)) status = DecodeStatus.undefined
  let base: number
  if (out.addressSize === 16) {
    base = mod === 0 && rm === 6 ? -1 : base16[rm]!
    operand.index = index16[rm]!
    if (base === -1 || mod === 2) operand.displacement = (fetch16() << 16) >> 16
    else operand.displacement = mod === 1 ? (fetch8() << 24) >> 24 : 0
  } else {
    base = rm | ((rex & 1) << 3)
    let low = rm
    if (rm === 4) {
      const sib = fetch8()
      const index = ((sib >> 3) & 7) | ((rex & 2) << 2)
      if (index !== 4 || isVector) {
        operand.index = index
        operand.scale = 1 << (sib >> 6)
      }
      low = sib & 7
      base = low | ((rex & 1) << 3)
    }
    if (mod === 0) {
      operand.displacement = 0
      if (low === 5) {
        base = rm === 5 && long ? BASE_RIP : -1
        operand.displacement = fetch32()
      }
    } else operand.displacement = mod === 1 ? (fetch8() << 24) >> 24 : fetch32()
  }
  operand.base = base
  operand.low = operand.displacement | 0
  operand.high = operand.low >> 31
  operand.segment = out.segment >= 0 ? out.segment : base === 4 || base === 5 ? 2 : 3
}
