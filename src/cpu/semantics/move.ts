/** Moves: MOV in all its forms, extensions, LEA, exchange, conditional moves, flags to and from AH. */
import * as L from '../layout.ts'
import {
  add,
  and,
  eqz,
  extendU,
  i32,
  i64,
  load,
  neg,
  not,
  or,
  select,
  shl,
  xor,
  type I32,
  type I64,
} from '../wasm/index.ts'
import type { Context } from './context.ts'
import { modal, plain, type Definition, type Definitions } from './definition.ts'
import { CF, OF, conditionNames } from './flags.ts'
import { signed, signed64, toI64, truncate, type Value } from './values.ts'

const nop = plain(() => {})

/** Selector of a segment register operand, clean. */
export function selector(c: Context, index: number): I32 {
  const at = add(c.cpu, shl(c.registerNumber(index), i32(5)))
  return c.let(load('i32.load16_u', at, L.SEGMENTS + L.SEG_SELECTOR))
}

function mov(c: Context): void {
  const [to, from] = [c.operand(0).kind, c.operand(1).kind]
  const { bits } = c.operand(0)
  if (to === 'segment') c.system('loadSegment', c.registerNumber(0), c.read(1, 16))
  else if (to === 'control') c.system('movToCr', c.registerNumber(0), toI64(c.read(1)))
  else if (to === 'debug') c.system('movToDr', c.registerNumber(0), toI64(c.read(1)))
  else if (from === 'control') c.system('movFromCr', c.registerNumber(1), c.registerNumber(0))
  else if (from === 'debug') c.system('movFromDr', c.registerNumber(1), c.registerNumber(0))
  else if (from === 'segment') c.write(0, widen(selector(c, 1), bits))
  else c.write(0, c.read(1, bits))
}

/** A clean 32-bit value as one of `bits`. */
function widen(value: I32, bits: number): Value {
  return bits === 64 ? extendU(value) : value
}

function zeroExtend(c: Context): void {
  const { bits } = c.operand(0)
  c.write(0, widen(c.read(1) as I32, bits))
}

function signExtend(c: Context): void {
  const { bits } = c.operand(0)
  const from = c.operand(1).bits
  const value = c.read(1)
  c.write(0, bits === 64 ? signed64(value, from) : signed(value, from))
}

function lea(c: Context): void {
  const { bits } = c.operand(0)
  c.write(0, truncate(c.offset(1), bits))
}

function exchange(c: Context): void {
  const x = c.readForWrite(0)
  const y = c.read(1)
  c.writeBack(0, y)
  c.write(1, x)
}

/** CMOVcc reads its source, which may fault, even when the condition is false; a 32-bit destination is zero-extended either way. */
function conditionalMove(code: number): Definition {
  return plain((c) => {
    const source = c.read(1)
    const old = c.read(0)
    c.write(0, select(c.condition(code), source, old))
  })
}

const setByte = (code: number): Definition => plain((c) => c.write(0, c.condition(code)))

/** XLATB: AL ← [rBX + AL]. */
function translate(c: Context): void {
  const size = c.field('address')
  const sum = add(c.gpr(3, 64) as I64, extendU(c.gpr(0, 8) as I32))
  const mask = select(
    eqz(xor(size, i32(8))),
    i64(-1),
    select(eqz(xor(size, i32(4))), i64(0xffffffff), i64(0xffff)),
  )
  c.setGpr(0, 8, c.load(8, c.segmentAddress(c.field('segment'), c.let(and(sum, mask)), 'read', 1)))
}

/** LDS, LES, LFS, LGS, LSS: offset first, then the selector behind it. */
function farLoad(seg: number): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const va = c.address(1, 'read', bits / 8 + 2)
    const offset = c.load(bits, va)
    const value = c.load(16, add(va, i64(bits / 8)))
    c.systemThen(() => c.write(0, offset), 'loadSegment', i32(seg), value)
  })
}

const AH_FLAGS = 0xd5n

function storeAh(c: Context): void {
  const flags = c.let(c.rflags())
  c.setAllFlags(or(and(toI64(c.gprHigh(0)), i64(AH_FLAGS)), and(flags, i64(OF))))
}

const setCarry = (compute: (c: Context) => I32): Definition =>
  plain((c) => {
    const overflow = c.condition(0)
    c.setCarryOverflow(c.let(compute(c)), overflow)
  })

const DF = 0x400n
const changeFlag = (compute: (flags: I64) => I64): Definition =>
  plain((c) => c.setStateI64(L.RFLAGS, compute(c.stateI64(L.RFLAGS))))

const nops =
  'nop pause endbr64 endbr32 reservednop lfence mfence sfence clflush clflushopt clwb prefetch prefetchw \
prefetchwt1 prefetchnta prefetcht0 prefetcht1 prefetcht2'

export const moves: Definitions = {
  mnemonics: {
    mov: plain(mov),
    movnti: plain((c) => c.write(0, c.read(1))),
    movzx: plain(zeroExtend),
    movsx: plain(signExtend),
    movsxd: plain(signExtend),
    lea: plain(lea),
    xchg: plain(exchange),
    xlatb: modal(translate),
    lds: farLoad(L.DS),
    les: farLoad(L.ES),
    lfs: farLoad(L.FS),
    lgs: farLoad(L.GS),
    lss: farLoad(L.SS),
    lahf: plain((c) => c.setGprHigh(0, or(and(c.rflags(), i64(AH_FLAGS)), i64(2)))),
    sahf: plain(storeAh),
    salc: plain((c) => c.setGpr(0, 8, neg(c.carry()))),
    clc: setCarry(() => i32(0)),
    stc: setCarry(() => i32(CF)),
    cmc: setCarry((c) => eqz(c.carry())),
    cld: changeFlag((flags) => and(flags, not(i64(DF)))),
    std: changeFlag((flags) => or(flags, i64(DF))),
    ...Object.fromEntries(nops.split(' ').map((name) => [name, nop])),
    ...Object.fromEntries(
      conditionNames.flatMap((name, code) => [
        [`cmov${name}`, conditionalMove(code)],
        [`set${name}`, setByte(code)],
      ]),
    ),
  },
}
