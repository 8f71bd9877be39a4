import type { CodeBuffer } from './code-buffer.ts'
import type { Mode } from './encode-plan.ts'
import type { Memory, Register } from './operands.ts'
import { RegisterClass as C } from './row.ts'

/** Whether an index is one of a gather's. */
export function isVector(register: Register): boolean {
  return register.registerClass === C.xmm || register.registerClass === C.ymm
}

/** Address size that the registers of a memory operand imply, or that of the mode when it has none. */
export function addressSizeOf(memory: Memory, mode: Mode): Mode {
  const register = memory.base ?? memory.index
  if (register === null || isVector(register)) {
    if (mode === 16 && (memory.symbol !== null || memory.disp < -0x8000 || memory.disp > 0xffff)) return 32
    // With 64-bit addressing the displacement would be sign-extended.
    if (mode === 64 && memory.disp > 0x7fffffff) return 32
    return mode
  }
  if (register.registerClass === C.gpr64) return 64
  if (register.registerClass === C.gpr32) return 32
  if (register.registerClass === C.gpr16) return 16
  throw new TypeError(`${register.name} cannot address memory`)
}

/** What `encodeMemory` returns when nothing is left to relocate. */
export const NO_FIELD = -1

const scaleBits: Record<number, number> = { 1: 0, 2: 0x40, 4: 0x80, 8: 0xc0 }

function isByte(disp: number): boolean {
  return disp >= -128 && disp <= 127
}

function checkDisplacement(memory: Memory): void {
  const lowest = -0x80000000
  const highest = memory.base === null && memory.index === null ? 0xffffffff : 0x7fffffff
  if (!Number.isInteger(memory.disp) || memory.disp < lowest || memory.disp > highest) {
    throw new RangeError(`displacement ${memory.disp} does not fit in 32 bits`)
  }
}

/**
 * ModRM, SIB and displacement with 32- or 64-bit addressing. Returns the offset of a four-byte field that the caller must
 * relocate (a symbol or RIP-relative target), or `NO_FIELD`. `reg` is the three-bit reg field.
 */
export function encodeMemory(out: CodeBuffer, memory: Memory, reg: number, mode: Mode): number {
  checkDisplacement(memory)
  const { base, index, disp, symbol } = memory
  const regBits = reg << 3
  if (memory.rip !== null) {
    if (mode !== 64 || base !== null || index !== null || symbol !== null) {
      throw new TypeError('a RIP-relative operand has no registers and exists in 64-bit mode only')
    }
    out.u8(regBits | 5)
    out.integer(0, 4)
    return out.length - 4
  }
  const scale = scaleBits[memory.scale]
  if (scale === undefined) throw new RangeError(`scale ${memory.scale}`)
  if (
    index !== null &&
    !isVector(index) &&
    (index.number === 4 || (base !== null && base.registerClass !== index.registerClass))
  ) {
    throw new TypeError(`${index.name} cannot be the index here`)
  }

  if (base === null) {
    if (index === null && mode !== 64) out.u8(regBits | 5)
    else {
      out.u8(regBits | 4)
      out.u8((index === null ? 0x20 : scale | ((index.number & 7) << 3)) | 5)
    }
    out.integer(disp | 0, 4)
    return symbol === null ? NO_FIELD : out.length - 4
  }

  const low = base.number & 7
  const dispSize = symbol !== null ? 4 : disp === 0 && low !== 5 ? 0 : isByte(disp) ? 1 : 4
  const mod = dispSize === 0 ? 0 : dispSize === 1 ? 0x40 : 0x80
  if (index === null && low !== 4) out.u8(mod | regBits | low)
  else {
    out.u8(mod | regBits | 4)
    out.u8(index === null ? 0x20 | low : scale | ((index.number & 7) << 3) | low)
  }
  out.integer(disp, dispSize)
  return symbol === null ? NO_FIELD : out.length - 4
}

/** rm of BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX by the numbers of base and index. */
const forms16: Record<string, number> = {
  '3,6': 0,
  '3,7': 1,
  '5,6': 2,
  '5,7': 3,
  '6,': 4,
  '7,': 5,
  '5,': 6,
  '3,': 7,
}

/** ModRM and displacement with 16-bit addressing. */
export function encodeMemory16(out: CodeBuffer, memory: Memory, reg: number): void {
  const { base, index, disp } = memory
  if (memory.symbol !== null || memory.rip !== null) throw new TypeError('no symbols in 16-bit addresses')
  if (disp < -0x8000 || disp > 0xffff) throw new RangeError(`displacement ${disp} does not fit in 16 bits`)
  if (base === null && index === null) {
    out.u8((reg << 3) | 6)
    out.integer(disp, 2)
    return
  }
  const rm = forms16[`${base?.number ?? ''},${index?.number ?? ''}`]
  if (rm === undefined || memory.scale !== 1)
    throw new TypeError('16-bit addresses are BX or BP, plus SI or DI')
  const signed = (disp << 16) >> 16
  const dispSize = signed === 0 && rm !== 6 ? 0 : isByte(signed) ? 1 : 2
  out.u8((dispSize << 6) | (reg << 3) | rm)
  out.integer(signed, dispSize)
}
