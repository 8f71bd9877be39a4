import { RegisterClass as C } from './row.ts'
import type { Access, FormKind, OperandForm, Place } from './row.ts'

type Shape = Omit<OperandForm, 'place' | 'access'>

const gprClass: Record<number, RegisterClassOf> = { 8: C.gpr8, 16: C.gpr16, 32: C.gpr32, 64: C.gpr64 }
type RegisterClassOf = (typeof C)[keyof typeof C]

/** Registers that appear by name in the operand column. */
const fixedRegisters: Record<string, [RegisterClassOf, number, number]> = {
  AL: [C.gpr8, 0, 8],
  CL: [C.gpr8, 1, 8],
  AX: [C.gpr16, 0, 16],
  DX: [C.gpr16, 2, 16],
  EAX: [C.gpr32, 0, 32],
  RAX: [C.gpr64, 0, 64],
  ES: [C.segment, 0, 16],
  CS: [C.segment, 1, 16],
  SS: [C.segment, 2, 16],
  DS: [C.segment, 3, 16],
  FS: [C.segment, 4, 16],
  GS: [C.segment, 5, 16],
  XMM0: [C.xmm, 0, 128],
  ST0: [C.x87, 0, 80],
}

/** Register files named in the operand column, with the bits of one register. */
const registerFiles: Record<string, [RegisterClassOf, number]> = {
  Sreg: [C.segment, 16],
  CR: [C.control, 64],
  DR: [C.debug, 64],
  mm: [C.mmx, 64],
  xmm: [C.xmm, 128],
  ymm: [C.ymm, 256],
  STi: [C.x87, 80],
}

/** Memory operands whose name is not `m` and a number of bits. */
const memorySizes: Record<string, number> = {
  m: 0,
  'm16:16': 32,
  'm16:32': 48,
  'm16:64': 80,
  'm16&32': 48,
  'm16&64': 80,
  'm16&16': 32,
  'm32&32': 64,
  m512byte: 4096,
  mxsave: 0,
  mfpu: 0,
}

function shape(name: string, kind: FormKind, fields: Partial<Shape>): Shape {
  return {
    name,
    kind,
    registerClass: C.none,
    indexClass: C.none,
    size: 0,
    memorySize: 0,
    signed: false,
    fixed: -1,
    ...fields,
  }
}

function registerFile(name: string): [RegisterClassOf, number] | undefined {
  const gpr = /^r(8|16|32|64)$/.exec(name)
  if (gpr !== null) return [gprClass[Number(gpr[1])]!, Number(gpr[1])]
  return registerFiles[name]
}

function memorySize(name: string): number | undefined {
  const plain = /^m(8|16|32|64|80|128|256)$/.exec(name)
  return plain !== null ? Number(plain[1]) : memorySizes[name]
}

const shapes = new Map<string, Shape>()

function shapeOf(name: string): Shape {
  let known = shapes.get(name)
  if (known === undefined) {
    known = parseShape(name)
    shapes.set(name, known)
  }
  return known
}

function parseShape(name: string): Shape {
  const fixed = fixedRegisters[name]
  if (fixed !== undefined)
    return shape(name, 'fixed', { registerClass: fixed[0], fixed: fixed[1], size: fixed[2] })
  if (/^\d$/.test(name)) return shape(name, 'constant', { fixed: Number(name), size: 8 })

  const numbered = /^(s?imm|rel|moffs)(8|16|32|64)$/.exec(name)
  if (numbered !== null) {
    const size = Number(numbered[2])
    if (numbered[1] === 'rel') return shape(name, 'relative', { size, signed: true })
    if (numbered[1] === 'moffs') return shape(name, 'moffs', { size, memorySize: size })
    return shape(name.replace('simm', 'imm'), 'immediate', { size, signed: numbered[1] === 'simm' })
  }
  const far = /^ptr16:(16|32)$/.exec(name)
  if (far !== null) return shape(name, 'far', { size: Number(far[1]) })

  // The manual's vm32x, and the bits of an element.
  const indexed = /^vm(?:32|64)([xy])\/m(32|64)$/.exec(name)
  if (indexed !== null) {
    const indexClass = indexed[1] === 'x' ? C.xmm : C.ymm
    return shape(name, 'memory', { memorySize: Number(indexed[2]), indexClass })
  }

  const file = registerFile(name)
  if (file !== undefined) return shape(name, 'register', { registerClass: file[0], size: file[1] })
  const memory = memorySize(name)
  if (memory !== undefined) return shape(name, 'memory', { memorySize: memory })

  // `r/m32` is short for `r32/m32`.
  const [left, right] = name.replace(/^r\/m(\d+)$/, 'r$1/m$1').split('/')
  const either = registerFile(left!)
  const bits = memorySize(right ?? '')
  if (either === undefined || bits === undefined) throw new Error(`unknown operand ${name}`)
  return shape(name, 'rm', { registerClass: either[0], size: either[1], memorySize: bits })
}

const places: Record<string, Place> = {
  R: 'reg',
  M: 'rm',
  V: 'vvvv',
  O: 'opcode',
  I: 'immediate',
  D: 'immediate',
  F: 'immediate',
  S: 'is4',
}

/**
 * Parses the operand column, `r/m32:rw, r32`, with the Op/En letters, `MR`. A letter stands for each operand that is encoded;
 * fixed registers and constants take none. Access is `r` unless it is given after a colon (`-` when neither).
 */
export function parseOperands(column: string, letters: string): OperandForm[] {
  if (column === '') return []
  let next = 0
  return column.split(',').map((part) => {
    const access = /:(rw|w|r|-)$/.exec(part.trim())
    const name = part.trim().replace(/:(rw|w|r|-)$/, '')
    const form = shapeOf(name)
    const encoded = form.kind !== 'fixed' && form.kind !== 'constant'
    const place = encoded ? places[letters[next++] ?? ''] : 'implied'
    if (place === undefined) throw new Error(`no Op/En letter for operand ${name}`)
    return { ...form, place, access: (access?.[1] === '-' ? 'none' : (access?.[1] ?? 'r')) as Access }
  })
}

/** `r/m32` → `rm32`, `xmm/m64` → `xm64`, `m16:64` → `m16_64`: the operand's part of a row's id. */
export function formId(form: OperandForm): string {
  return form.name
    .toLowerCase()
    .replace(/^r\/m/, 'rm')
    .replace(/^xmm\/m/, 'xm')
    .replace(/^ymm\/m/, 'ym')
    .replace(/^mm\/m/, 'mmm')
    .replace(/[:&/]/, '_')
}
