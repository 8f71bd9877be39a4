/** Every register by its name in the manual. The arrays are indexed by the number that the encoding uses. */
import { Register } from './operands.ts'
import { RegisterClass as C } from './row.ts'
import type { RegisterClass } from './row.ts'

function file(names: readonly string[], registerClass: RegisterClass, size: number): readonly Register[] {
  return names.map((name, number) => new Register(name, registerClass, number, size))
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}${number}`)
}

const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di']
const extended = numbered('r', 16).slice(8)

/** AL CL DL BL SPL BPL SIL DIL R8B … R15B. */
export const gpr8: readonly Register[] = file(
  ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil', ...extended.map((name) => `${name}b`)],
  C.gpr8,
  8,
)
/** AH CH DH BH, numbered 4 … 7. */
export const gpr8High: readonly Register[] = ['ah', 'ch', 'dh', 'bh'].map(
  (name, number) => new Register(name, C.gpr8High, number + 4, 8),
)
export const gpr16: readonly Register[] = file(
  [...legacy, ...extended.map((name) => `${name}w`)],
  C.gpr16,
  16,
)
export const gpr32: readonly Register[] = file(
  [...legacy.map((name) => `e${name}`), ...extended.map((name) => `${name}d`)],
  C.gpr32,
  32,
)
export const gpr64: readonly Register[] = file(
  [...legacy.map((name) => `r${name}`), ...extended],
  C.gpr64,
  64,
)
export const segments: readonly Register[] = file(['es', 'cs', 'ss', 'ds', 'fs', 'gs'], C.segment, 16)
export const controls: readonly Register[] = file(numbered('cr', 16), C.control, 64)
export const debugs: readonly Register[] = file(numbered('dr', 16), C.debug, 64)
export const mmxs: readonly Register[] = file(numbered('mm', 8), C.mmx, 64)
export const xmms: readonly Register[] = file(numbered('xmm', 16), C.xmm, 128)
export const ymms: readonly Register[] = file(numbered('ymm', 16), C.ymm, 256)
export const x87s: readonly Register[] = file(numbered('st', 8), C.x87, 80)

const byClass: readonly (readonly Register[])[] = [
  [],
  gpr8,
  gpr8High,
  gpr16,
  gpr32,
  gpr64,
  segments,
  controls,
  debugs,
  mmxs,
  xmms,
  ymms,
  x87s,
]

/** The register with this class and number as encoded, or undefined. */
export function registerOf(registerClass: RegisterClass, number: number): Register | undefined {
  return byClass[registerClass]![registerClass === C.gpr8High ? number - 4 : number]
}

export const rax: Register = gpr64[0]!
export const rcx: Register = gpr64[1]!
export const rdx: Register = gpr64[2]!
export const rbx: Register = gpr64[3]!
export const rsp: Register = gpr64[4]!
export const rbp: Register = gpr64[5]!
export const rsi: Register = gpr64[6]!
export const rdi: Register = gpr64[7]!
export const r8: Register = gpr64[8]!
export const r9: Register = gpr64[9]!
export const r10: Register = gpr64[10]!
export const r11: Register = gpr64[11]!
export const r12: Register = gpr64[12]!
export const r13: Register = gpr64[13]!
export const r14: Register = gpr64[14]!
export const r15: Register = gpr64[15]!

export const eax: Register = gpr32[0]!
export const ecx: Register = gpr32[1]!
export const edx: Register = gpr32[2]!
export const ebx: Register = gpr32[3]!
export const esp: Register = gpr32[4]!
export const ebp: Register = gpr32[5]!
export const esi: Register = gpr32[6]!
export const edi: Register = gpr32[7]!
export const r8d: Register = gpr32[8]!
export const r9d: Register = gpr32[9]!
export const r10d: Register = gpr32[10]!
export const r11d: Register = gpr32[11]!
export const r12d: Register = gpr32[12]!
export const r13d: Register = gpr32[13]!
export const r14d: Register = gpr32[14]!
export const r15d: Register = gpr32[15]!

export const ax: Register = gpr16[0]!
export const cx: Register = gpr16[1]!
export const dx: Register = gpr16[2]!
export const bx: Register = gpr16[3]!
export const sp: Register = gpr16[4]!
export const bp: Register = gpr16[5]!
export const si: Register = gpr16[6]!
export const di: Register = gpr16[7]!
export const r8w: Register = gpr16[8]!
export const r9w: Register = gpr16[9]!
export const r10w: Register = gpr16[10]!
export const r11w: Register = gpr16[11]!
export const r12w: Register = gpr16[12]!
export const r13w: Register = gpr16[13]!
export const r14w: Register = gpr16[14]!
export const r15w: Register = gpr16[15]!

export const al: Register = gpr8[0]!
export const cl: Register = gpr8[1]!
export const dl: Register = gpr8[2]!
export const bl: Register = gpr8[3]!
export const spl: Register = gpr8[4]!
export const bpl: Register = gpr8[5]!
export const sil: Register = gpr8[6]!
export const dil: Register = gpr8[7]!
export const r8b: Register = gpr8[8]!
export const r9b: Register = gpr8[9]!
export const r10b: Register = gpr8[10]!
export const r11b: Register = gpr8[11]!
export const r12b: Register = gpr8[12]!
export const r13b: Register = gpr8[13]!
export const r14b: Register = gpr8[14]!
export const r15b: Register = gpr8[15]!

export const ah: Register = gpr8High[0]!
export const ch: Register = gpr8High[1]!
export const dh: Register = gpr8High[2]!
export const bh: Register = gpr8High[3]!

export const es: Register = segments[0]!
export const cs: Register = segments[1]!
export const ss: Register = segments[2]!
export const ds: Register = segments[3]!
export const fs: Register = segments[4]!
export const gs: Register = segments[5]!

export const cr0: Register = controls[0]!
export const cr2: Register = controls[2]!
export const cr3: Register = controls[3]!
export const cr4: Register = controls[4]!
export const cr8: Register = controls[8]!

export const dr0: Register = debugs[0]!
export const dr1: Register = debugs[1]!
export const dr2: Register = debugs[2]!
export const dr3: Register = debugs[3]!
export const dr6: Register = debugs[6]!
export const dr7: Register = debugs[7]!

export const xmm0: Register = xmms[0]!
export const xmm1: Register = xmms[1]!
export const xmm2: Register = xmms[2]!
export const xmm3: Register = xmms[3]!
export const xmm4: Register = xmms[4]!
export const xmm5: Register = xmms[5]!
export const xmm6: Register = xmms[6]!
export const xmm7: Register = xmms[7]!
export const xmm8: Register = xmms[8]!
export const xmm9: Register = xmms[9]!
export const xmm10: Register = xmms[10]!
export const xmm11: Register = xmms[11]!
export const xmm12: Register = xmms[12]!
export const xmm13: Register = xmms[13]!
export const xmm14: Register = xmms[14]!
export const xmm15: Register = xmms[15]!

export const ymm0: Register = ymms[0]!
export const ymm1: Register = ymms[1]!
export const ymm2: Register = ymms[2]!
export const ymm3: Register = ymms[3]!
export const ymm4: Register = ymms[4]!
export const ymm5: Register = ymms[5]!
export const ymm6: Register = ymms[6]!
export const ymm7: Register = ymms[7]!
export const ymm8: Register = ymms[8]!
export const ymm9: Register = ymms[9]!
export const ymm10: Register = ymms[10]!
export const ymm11: Register = ymms[11]!
export const ymm12: Register = ymms[12]!
export const ymm13: Register = ymms[13]!
export const ymm14: Register = ymms[14]!
export const ymm15: Register = ymms[15]!
