/** Addition, subtraction, logic, comparison and exchange-and-add (manual volume 2: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST …). */
import * as L from '../layout.ts'
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  i64,
  neg,
  not,
  or,
  select,
  shl,
  sub,
  xor,
  type I32,
  type I64,
} from '../wasm/index.ts'
import type { Context } from './context.ts'
import { plain, type Definition, type Definitions } from './definition.ts'
import { AF, ZF } from './flags.ts'
import { signBit, toI32, toI64, truncate, type Value } from './values.ts'

type Combine = (x: Value, y: Value) => Value

/** CF, AF and OF at their places, as FLAGS_PARTIAL wants them. */
export function partialFlags(carry: I32, overflow: I32, adjust: I64 = i64(0)): I64 {
  return or(or(extendU(carry), shl(extendU(overflow), i64(11))), adjust)
}

function binary(kind: number, combine: Combine): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const x = c.readForWrite(0)
    const y = c.read(1, bits)
    const result = c.let(combine(x, y))
    c.writeBack(0, result)
    c.setFlags(kind, bits, result, x, y)
  })
}

function compare(kind: number, combine: Combine): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const x = c.read(0)
    const y = c.read(1, bits)
    c.setFlags(kind, bits, combine(x, y), x, y)
  })
}

/** ADC and SBB; the carries out of each bit follow from operands and result. */
function withCarry(subtract: boolean): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const carry = c.carry()
    const x = c.readForWrite(0)
    const y = c.read(1, bits)
    const wide = bits === 64 ? extendU(carry) : carry
    const result = c.let(truncate(subtract ? sub(sub(x, y), wide) : add(add(x, y), wide), bits))
    c.writeBack(0, result)
    const carries = subtract
      ? or(and(not(x), y), and(or(not(x), y), result))
      : or(and(x, y), and(or(x, y), not(result)))
    const overflow = subtract ? and(xor(x, y), xor(x, result)) : and(xor(x, result), xor(y, result))
    const adjust = and(toI64(xor(xor(x, y), result)), i64(AF))
    c.setFlags(
      L.FLAGS_PARTIAL,
      bits,
      result,
      partialFlags(signBit(carries, bits), signBit(overflow, bits), adjust),
    )
  })
}

function step(kind: number, delta: 1 | -1): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const carry = c.carry()
    const result = c.let(add(c.readForWrite(0), c.constant(bits, delta)))
    c.writeBack(0, result)
    c.setFlags(kind, bits, result, extendU(carry))
  })
}

function exchangeAdd(c: Context): void {
  const { bits, kind } = c.operand(0)
  const x = c.readForWrite(0)
  const result = c.let(add(x, c.read(1)))
  // With one register twice, the sum is what stays.
  if (kind === 'memory') c.writeBack(0, result)
  c.setFlags(L.FLAGS_ADD, bits, result, x)
  c.write(1, x)
  if (kind !== 'memory') c.write(0, result)
}

function compareExchange(c: Context): void {
  const { bits, kind } = c.operand(0)
  const accumulator = c.gpr(0, bits)
  const current = c.readForWrite(0)
  const equal = c.let(eq(accumulator, current))
  const source = c.read(1)
  // Memory is written in either case; a register only when equal, so that its upper half survives otherwise.
  if (kind === 'memory') c.writeBack(0, select(equal, source, current))
  c.setFlags(L.FLAGS_SUB, bits, sub(accumulator, current), accumulator)
  c.f.if(
    equal,
    () => kind !== 'memory' && c.write(0, source),
    () => c.setGpr(0, bits, current),
  )
}

function setZero(c: Context, zero: I32): void {
  c.setAllFlags(or(and(c.rflags(), i64(~ZF)), shl(extendU(zero), i64(6))))
}

const RAX = 0
const RCX = 1
const RDX = 2
const RBX = 3

function compareExchange8b(c: Context): void {
  const pair = (high: number, low: number): I64 =>
    c.let(or(shl(toI64(c.gpr(high, 32)), i64(32)), toI64(c.gpr(low, 32))))
  const current = c.readForWrite(0, 64) as I64
  const equal = c.let(eq(current, pair(RDX, RAX)))
  c.writeBack(0, select(equal, pair(RCX, RBX), current), 64)
  setZero(c, equal)
  c.f.if(eqz(equal), () => {
    c.setGpr(RAX, 32, toI32(current))
    c.setGpr(RDX, 32, toI32(c.high32(current)))
  })
}

function compareExchange16b(c: Context): void {
  c.requireAligned(0)
  const va = c.address(0, 'write')
  // Aligned, so both halves lie in one page: after the check of the first, the second store cannot fault.
  const low = c.loadForWrite(64, va) as I64
  const high = c.load(64, add(va, i64(8))) as I64
  const equal = c.let(and(eq(low, c.gpr(RAX, 64) as I64), eq(high, c.gpr(RDX, 64) as I64)))
  c.storeBack(64, select(equal, c.gpr(RBX, 64) as I64, low))
  c.store(64, add(va, i64(8)), select(equal, c.gpr(RCX, 64) as I64, high))
  setZero(c, equal)
  c.f.if(eqz(equal), () => {
    c.setGpr(RAX, 64, low)
    c.setGpr(RDX, 64, high)
  })
}

/** ADCX and ADOX: an addition whose carry goes through one flag only. */
function addWithFlag(condition: number, flag: number): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const carry = c.condition(condition)
    const wide = bits === 64 ? extendU(carry) : carry
    const x = c.read(0)
    const y = c.read(1)
    const result = c.let(add(add(x, y), wide))
    const out = signBit(or(and(x, y), and(or(x, y), not(result))), bits)
    const place = i64(BigInt(flag))
    const bit = select(out, place, i64(0))
    c.setAllFlags(or(and(c.rflags(), not(place)), bit))
    c.write(0, result)
  })
}

export const arithmetic: Definitions = {
  mnemonics: {
    add: binary(L.FLAGS_ADD, add),
    sub: binary(L.FLAGS_SUB, sub),
    and: binary(L.FLAGS_LOGIC, and),
    or: binary(L.FLAGS_LOGIC, or),
    xor: binary(L.FLAGS_LOGIC, xor),
    cmp: compare(L.FLAGS_SUB, sub),
    test: compare(L.FLAGS_LOGIC, and),
    adc: withCarry(false),
    sbb: withCarry(true),
    inc: step(L.FLAGS_INC, 1),
    dec: step(L.FLAGS_DEC, -1),
    not: plain((c) => c.writeBack(0, not(c.readForWrite(0)))),
    neg: plain((c) => {
      const { bits } = c.operand(0)
      const result = c.let(neg(c.readForWrite(0)))
      c.writeBack(0, result)
      c.setFlags(L.FLAGS_SUB, bits, result, c.zero(bits))
    }),
    xadd: plain(exchangeAdd),
    cmpxchg: plain(compareExchange),
    cmpxchg8b: plain(compareExchange8b),
    cmpxchg16b: plain(compareExchange16b),
    adcx: addWithFlag(2, 1),
    adox: addWithFlag(0, 0x800),
  },
}
