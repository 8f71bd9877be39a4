/** Loads, stores and moves within the stack. SDM Vol. 2A. */
import { i32 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition } from '../definition.ts'
import { DECIMAL, floatFormat, INTEGER, keepPointer, readMemory, waiting } from './format.ts'

function loadFrom(c: Context, format: number): void {
  const { value, high } = readMemory(c, format)
  keepPointer(c)
  c.system('x87Load', i32(format), value, high)
}

function storeTo(c: Context, format: number, pops: number, truncate = false): void {
  const { bits } = c.operand(0)
  keepPointer(c)
  c.system('x87Store', i32(format), c.address(0, 'write'), i32(bits / 8), i32(pops), i32(Number(truncate)))
}

const load = waiting((c) => {
  if (c.operand(0).kind === 'memory') loadFrom(c, floatFormat(c.operand(0).bits))
  else c.system('x87Duplicate', c.registerNumber(0))
})

const store = (pops: number): Definition =>
  waiting((c) => {
    if (c.operand(0).kind === 'memory') storeTo(c, floatFormat(c.operand(0).bits), pops)
    else c.system('x87Copy', c.registerNumber(0), i32(pops))
  })

const storeInteger = (pops: number, truncate = false): Definition =>
  waiting((c) => storeTo(c, INTEGER, pops, truncate))

/** FCMOVcc by the condition codes of Jcc. */
const conditions = { b: 2, e: 4, be: 6, u: 10, nb: 3, ne: 5, nbe: 7, nu: 11 }

export const x87Move: Readonly<Record<string, Definition>> = {
  fld: load,
  fild: waiting((c) => loadFrom(c, INTEGER)),
  fbld: waiting((c) => loadFrom(c, DECIMAL)),
  fst: store(0),
  fstp: store(1),
  fist: storeInteger(0),
  fistp: storeInteger(1),
  fisttp: storeInteger(1, true),
  fbstp: waiting((c) => storeTo(c, DECIMAL, 1)),
  fxch: waiting((c) => c.system('x87Exchange', c.registerNumber(1))),
  ffree: waiting((c) => c.system('x87Free', c.registerNumber(0), i32(0))),
  ffreep: waiting((c) => c.system('x87Free', c.registerNumber(0), i32(1))),
  ...Object.fromEntries(
    Object.entries(conditions).map(([name, code]) => [
      `fcmov${name}`,
      waiting((c) => c.system('x87MoveIf', c.registerNumber(1), c.condition(code))),
    ]),
  ),
}
