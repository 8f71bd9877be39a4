/** Bit tests, scans, counts, byte order, CRC32 and the bit-field instructions of BMI1 and BMI2. */
import * as L from '../layout.ts'
import {
  add,
  and,
  clz,
  ctz,
  eqz,
  extendU,
  geU,
  i32,
  i64,
  int,
  ne,
  neg,
  not,
  or,
  popcnt,
  rotl,
  select,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  xor,
  type I32,
  type I64,
} from '../wasm/index.ts'
import { partialFlags } from './arithmetic.ts'
import type { Context } from './context.ts'
import { plain, type Definition, type Definitions } from './definition.ts'
import { signed64, toI32, toI64, typeOf, type Value } from './values.ts'

type Change = (value: Value, mask: Value) => Value

/**
 * BT, BTS, BTR, BTC. A register bit offset reaches beyond a memory operand: its signed quotient by the operand size moves the address.
 * ZF stays, the other flags are undefined.
 */
function bitTest(change: Change | null): Definition {
  return plain((c) => {
    const { bits, kind } = c.operand(0)
    const offset = c.read(1, bits)
    const bit = c.let(and(offset, int(offset.type, bits - 1)))
    const far = kind === 'memory' && c.operand(1).kind === 'gpr'
    let value: Value
    if (far) {
      const unit = i64(Math.log2(bits))
      const bytes = shl(shrS(signed64(offset, bits), unit), i64(Math.log2(bits / 8)))
      const moved = c.wrapOffset(0, add(c.offset(0), bytes))
      const va = c.linear(0, moved, change ? 'write' : 'read', bits / 8)
      value = change ? c.loadForWrite(bits, va) : c.load(bits, va)
    } else value = change ? c.readForWrite(0) : c.read(0)
    if (change) {
      const changed = change(value, c.let(shl(int(value.type, 1), bit)))
      if (far) c.storeBack(bits, changed)
      else c.writeBack(0, changed)
    }
    c.setCarryOverflow(c.let(toI32(and(shrU(value, bit), int(value.type, 1)))), i32(0))
  })
}

/** BSF and BSR: the destination stays when the source is 0. */
function scan(find: (value: Value, bits: number) => Value): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const source = c.read(1)
    c.setFlags(L.FLAGS_LOGIC, bits, source)
    c.f.if(ne(source, int(source.type, 0)), () => c.write(0, find(source, bits)))
  })
}

const highest = (value: Value): Value => sub(int(value.type, value.type === 'i32' ? 31 : 63), clz(value))

/** LZCNT and TZCNT: CF = source is 0, ZF = result is 0. */
function count(compute: (value: Value, bits: number) => Value): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const source = c.read(1)
    const result = c.let(compute(source, bits))
    c.setFlags(L.FLAGS_PARTIAL, bits, result, partialFlags(eqz(source), i32(0)))
    c.write(0, result)
  })
}

const leading = (value: Value, bits: number): Value =>
  bits === 16 ? sub(clz(value), int(value.type, 16)) : clz(value)
const trailing = (value: Value, bits: number): Value =>
  ctz(bits === 16 ? or(value, int(value.type, 0x10000)) : value)

function popCount(c: Context): void {
  const source = c.read(1)
  c.setAllFlags(shl(extendU(eqz(source)), i64(6)))
  c.write(0, popcnt(source))
}

/** The bytes of a value in reverse order. */
function reverseBytes(c: Context, value: Value, bits: number): Value {
  if (bits === 16) {
    const narrow = value as I32
    return or(and(shl(narrow, i32(8)), i32(0xff00)), shrU(narrow, i32(8)))
  }
  const reverse32 = (v: I32): I32 =>
    or(and(rotl(v, i32(8)), i32(0x00ff00ff)), and(rotl(v, i32(24)), i32(0xff00ff00 | 0)))
  if (bits === 32) return reverse32(value as I32)
  const low = c.let(wrap(value as I64))
  const high = c.let(c.high32(value as I64))
  return or(shl(extendU(reverse32(low)), i64(32)), extendU(reverse32(high)))
}

/** BSWAP of 16 bits is undefined; processors give 0. */
function byteSwap(c: Context): void {
  const { bits } = c.operand(0)
  const value = c.read(0)
  c.write(0, bits === 16 ? i32(0) : reverseBytes(c, value, bits))
}

function moveReversed(c: Context): void {
  const { bits } = c.operand(0)
  c.write(0, reverseBytes(c, c.read(1), bits))
}

/** CRC-32C, polynomial 0x11edc6f41, bit-reflected, one bit at a time. */
function crc32(c: Context): void {
  const { f } = c
  const { bits } = c.operand(1)
  const crc = f.variable('i32', toI32(c.read(0, 32)))
  const data = f.variable('i64', toI64(c.read(1)))
  const left = f.variable('i32', i32(bits))
  f.loop((again) => {
    const bit = and(xor(crc.value, wrap(data.value)), i32(1))
    f.set(crc, xor(shrU(crc.value, i32(1)), and(neg(bit), i32(0x82f63b78 | 0))))
    f.set(data, shrU(data.value, i64(1)))
    f.set(left, sub(left.value, i32(1)))
    f.brIf(again, left.value)
  })
  // Zero-extended to 64 bits in either form.
  c.write(0, crc.value, 32)
}

/** BLSI, BLSMSK, BLSR: SF and ZF from the result, OF = 0. */
function lowestBit(compute: (x: Value) => Value, carry: (x: Value) => I32): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const x = c.read(1)
    const result = c.let(compute(x))
    c.setFlags(L.FLAGS_PARTIAL, bits, result, partialFlags(carry(x), i32(0)))
    c.write(0, result)
  })
}

const one = (x: Value): Value => int(x.type, 1)

function andNot(c: Context): void {
  const { bits } = c.operand(0)
  const result = c.let(and(not(c.read(1)), c.read(2)))
  c.setFlags(L.FLAGS_LOGIC, bits, result)
  c.write(0, result)
}

/** A mask of `length` ones; all ones from the width on. */
function lowMask(x: Value, length: Value, bits: number): Value {
  const width = int(x.type, bits)
  return select(geU(length, width), int(x.type, -1), sub(shl(one(x), length), one(x)))
}

function bitFieldExtract(c: Context): void {
  const { bits } = c.operand(0)
  const x = c.read(1)
  const control = c.read(2)
  const byte = (shift: number): Value => c.let(and(shrU(control, int(x.type, shift)), int(x.type, 0xff)))
  const start = byte(0)
  const length = byte(8)
  const shifted = select(geU(start, int(x.type, bits)), int(x.type, 0), shrU(x, start))
  const result = c.let(and(shifted, lowMask(x, length, bits)))
  c.setAllFlags(shl(extendU(eqz(result)), i64(6)))
  c.write(0, result)
}

function zeroHighBits(c: Context): void {
  const { bits } = c.operand(0)
  const x = c.read(1)
  const index = c.let(and(c.read(2), int(x.type, 0xff)))
  const result = c.let(and(x, lowMask(x, index, bits)))
  c.setFlags(L.FLAGS_PARTIAL, bits, result, partialFlags(geU(index, int(x.type, bits)), i32(0)))
  c.write(0, result)
}

/** PDEP and PEXT, one bit of the mask at a time. */
function gather(deposit: boolean): Definition {
  return plain((c) => {
    const { f } = c
    const { bits } = c.operand(0)
    const type = typeOf(bits)
    const source = f.variable(type, c.read(1))
    const mask = f.variable(type, c.read(2))
    const place = f.variable(type, int(type, 1))
    const result = f.variable(type, int(type, 0))
    f.block((end) => {
      f.loop((again) => {
        f.brIf(end, eqz(mask.value))
        const lowest = f.let(and(mask.value, neg(mask.value)))
        const [test, put] = deposit ? [place.value, lowest] : [lowest, place.value]
        f.if(ne(and(source.value, test), int(type, 0)), () => f.set(result, or(result.value, put)))
        f.set(place, shl(place.value, int(type, 1)))
        f.set(mask, xor(mask.value, lowest))
        f.br(again)
      })
    })
    c.write(0, result.value)
  })
}

export const bits: Definitions = {
  mnemonics: {
    bt: bitTest(null),
    bts: bitTest(or),
    btr: bitTest((value, mask) => and(value, not(mask))),
    btc: bitTest(xor),
    bsf: scan((value) => ctz(value)),
    bsr: scan(highest),
    tzcnt: count(trailing),
    lzcnt: count(leading),
    popcnt: plain(popCount),
    bswap: plain(byteSwap),
    movbe: plain(moveReversed),
    crc32: plain(crc32),
    andn: plain(andNot),
    bextr: plain(bitFieldExtract),
    bzhi: plain(zeroHighBits),
    blsi: lowestBit(
      (x) => and(x, neg(x)),
      (x) => ne(x, int(x.type, 0)),
    ),
    blsmsk: lowestBit((x) => xor(x, sub(x, one(x))), eqz),
    blsr: lowestBit((x) => and(x, sub(x, one(x))), eqz),
    pdep: gather(true),
    pext: gather(false),
  },
}
