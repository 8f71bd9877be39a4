/** Arithmetic and comparisons: FADD … FDIVR, FCOM and kin, operations on the top of the stack, constants. SDM Vol. 2A. */
import { i32 } from '../../wasm/index.ts'
import type { Definition } from '../definition.ts'
import { floatFormat, INTEGER, keepPointer, readMemory, waiting } from './format.ts'

/** By their extension in D8. */
const operations = { add: 0, mul: 1, sub: 4, subr: 5, div: 6, divr: 7 }

function arithmetic(operation: number, integer: boolean, pops: number): Definition {
  return waiting((c) => {
    if (c.operand(0).kind === 'memory') {
      const format = integer ? INTEGER : floatFormat(c.operand(0).bits)
      const { value } = readMemory(c, format)
      keepPointer(c)
      c.system('x87Memory', i32(operation), i32(format), value)
    } else c.system('x87Arithmetic', i32(operation), c.registerNumber(0), c.registerNumber(1), i32(pops))
  })
}

interface Comparison {
  quiet?: boolean
  toFlags?: boolean
  integer?: boolean
  pops?: number
}

function comparison({ quiet = false, toFlags = false, integer = false, pops = 0 }: Comparison): Definition {
  return waiting((c) => {
    if (c.operands.length === 1 && c.operand(0).kind === 'memory') {
      const format = integer ? INTEGER : floatFormat(c.operand(0).bits)
      const { value } = readMemory(c, format)
      keepPointer(c)
      c.system('x87CompareMemory', i32(format), value, i32(pops))
      return
    }
    const other = c.operands.length === 0 ? i32(1) : c.registerNumber(1)
    const operands = [other, i32(Number(quiet)), i32(pops)]
    if (toFlags) c.setAllFlags(c.systemValue('x87CompareFlags', ...operands))
    else c.system('x87Compare', ...operands)
  })
}

/** As the helper numbers them. */
const onTop = 'fnop fchs fabs ftst fxam fdecstp fincstp fsqrt frndint fscale fxtract fprem fprem1'.split(' ')

/** In the order of their opcodes. */
const constants = ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz']

const circle = ['fsin', 'fcos', 'fsincos', 'fptan']

export const x87Arithmetic: Readonly<Record<string, Definition>> = {
  ...Object.fromEntries(
    Object.entries(operations).flatMap(([name, operation]) => [
      [`f${name}`, arithmetic(operation, false, 0)],
      [`f${name}p`, arithmetic(operation, false, 1)],
      [`fi${name}`, arithmetic(operation, true, 0)],
    ]),
  ),
  fcom: comparison({}),
  fcomp: comparison({ pops: 1 }),
  fcompp: comparison({ pops: 2 }),
  ficom: comparison({ integer: true }),
  ficomp: comparison({ integer: true, pops: 1 }),
  fucom: comparison({ quiet: true }),
  fucomp: comparison({ quiet: true, pops: 1 }),
  fucompp: comparison({ quiet: true, pops: 2 }),
  fcomi: comparison({ toFlags: true }),
  fcomip: comparison({ toFlags: true, pops: 1 }),
  fucomi: comparison({ quiet: true, toFlags: true }),
  fucomip: comparison({ quiet: true, toFlags: true, pops: 1 }),
  ...Object.fromEntries(onTop.map((name, n) => [name, waiting((c) => c.system('x87Top', i32(n)))])),
  ...Object.fromEntries(circle.map((name, n) => [name, waiting((c) => c.system('x87Circle', i32(n)))])),
  f2xm1: waiting((c) => c.system('x87Power')),
  fyl2x: waiting((c) => c.system('x87Logarithm', i32(0))),
  fyl2xp1: waiting((c) => c.system('x87Logarithm', i32(1))),
  fpatan: waiting((c) => c.system('x87ArcTangent')),
  ...Object.fromEntries(constants.map((name, n) => [name, waiting((c) => c.system('x87Constant', i32(n)))])),
}
