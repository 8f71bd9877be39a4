/** Decimal adjustment (DAA, DAS, AAA, AAS, AAM, AAD), outside 64-bit code only. */
import {
  add,
  and,
  divU,
  eqz,
  extendU,
  gtU,
  i32,
  mul,
  or,
  remU,
  select,
  shl,
  shrU,
  sub,
  type I32,
} from '../wasm/index.ts'
import { DE, type Context } from './context.ts'
import { plain, type Definition, type Definitions } from './definition.ts'
import { CF, parity } from './flags.ts'

/** CF and AF as given; SF, ZF and PF from the byte; OF = 0. */
function setByteFlags(c: Context, byte: I32, carry: I32, adjust: I32): void {
  const bit = (value: I32, place: number): I32 => shl(value, i32(place))
  const all = or(or(bit(eqz(byte), 6), and(byte, i32(0x80))), bit(parity(extendU(byte)), 2))
  c.setAllFlags(extendU(or(all, or(carry, bit(adjust, 4)))))
}

function oldFlags(c: Context): { carry: I32; adjust: I32; al: I32 } {
  const flags = c.let(c.low32(c.rflags()))
  return {
    carry: c.let(and(flags, i32(CF))),
    adjust: c.let(and(shrU(flags, i32(4)), i32(1))),
    al: c.gpr(0, 8) as I32,
  }
}

/** DAA and DAS: `move` adds or subtracts. */
function packed(move: (x: I32, y: I32) => I32, borrow: boolean): Definition {
  return plain((c) => {
    const { carry, adjust, al } = oldFlags(c)
    const low = c.let(or(adjust, gtU(and(al, i32(15)), i32(9))))
    const high = c.let(or(carry, gtU(al, i32(0x99))))
    const first = c.let(move(al, select(low, i32(6), i32(0))))
    const result = c.let(and(move(first, select(high, i32(0x60), i32(0))), i32(0xff)))
    // The borrow of the first step counts only when the second does not happen.
    const out = borrow ? c.let(or(high, and(low, or(carry, gtU(i32(6), al))))) : high
    setByteFlags(c, result, out, low)
    c.setGpr(0, 8, result)
  })
}

/** AAA and AAS act on AX as a whole, as processors since the 286 do. */
function unpacked(move: (x: I32, y: I32) => I32): Definition {
  return plain((c) => {
    const { adjust, al } = oldFlags(c)
    const ax = c.gpr(0, 16) as I32
    const wrong = c.let(or(adjust, gtU(and(al, i32(15)), i32(9))))
    const moved = select(wrong, move(ax, i32(0x106)), ax)
    const result = c.let(and(moved, i32(0xff0f)))
    setByteFlags(c, c.let(and(result, i32(0xff))), wrong, wrong)
    c.setGpr(0, 16, result)
  })
}

function divideByBase(c: Context): void {
  const base = c.read(0, 8) as I32
  c.f.if(eqz(base), () => c.raise(DE))
  const al = c.gpr(0, 8) as I32
  const low = c.let(remU(al, base))
  setByteFlags(c, low, i32(0), i32(0))
  c.setGpr(0, 16, or(shl(divU(al, base), i32(8)), low))
}

function multiplyByBase(c: Context): void {
  const base = c.read(0, 8) as I32
  const ax = c.gpr(0, 16) as I32
  const sum = add(and(ax, i32(0xff)), mul(shrU(ax, i32(8)), base))
  const result = c.let(and(sum, i32(0xff)))
  setByteFlags(c, result, i32(0), i32(0))
  c.setGpr(0, 16, result)
}

export const decimal: Definitions = {
  mnemonics: {
    daa: packed(add, false),
    das: packed(sub, true),
    aaa: unpacked(add),
    aas: unpacked(sub),
    aam: plain(divideByBase),
    aad: plain(multiplyByBase),
  },
}
