/** Addition, multiplication, division and square root with a result of 80 bits. SDM Vol. 2A, FADD … FSQRT. */
import { CONTINUE } from '../status'
import { add } from '../softfloat/add'
import { divide, squareRoot as root } from '../softfloat/divide'
import { multiply } from '../softfloat/multiply'
import * as V from '../softfloat/value'
import { unpackFrom } from './memory-operand'
import * as N from './number'
import { Extended, X, Y } from './number'
import { ADD, DIV, MUL, SUB, SUBR } from './operation'
import { conclude, enter, readStack, underflow } from './stack'
import { arithmeticUsual, memoryUsual } from './usual'

/** Rounds what an operation has left in `softfloat/value.ts`. */
function deliver(cpu: usize): void {
  if (V.kind == V.FINITE) N.finish(cpu, V.sign, V.exponent, V.significand, V.rest)
  else if (V.kind == V.ZERO) N.setZero(V.sign)
  else if (V.kind == V.INFINITY) N.setInfinity(V.sign)
  else N.setIndefinite()
}

export function squareRoot(cpu: usize, a: Extended): void {
  if (N.propagateOne(a)) return
  root(a)
  deliver(cpu)
}

/** X op Y. */
export function operate(cpu: usize, operation: u32): void {
  if (N.propagate(X, Y)) return
  const rounding = N.roundingControl(cpu)
  switch (operation) {
    case ADD:
      add(X, Y, 0, rounding)
      break
    case MUL:
      multiply(X, Y)
      break
    case SUB:
      add(X, Y, 1, rounding)
      break
    case SUBR:
      add(Y, X, 1, rounding)
      break
    case DIV:
      divide(X, Y)
      break
    default:
      divide(Y, X)
  }
  deliver(cpu)
}

/** ST(0) ← ST(0) op memory. */
export function x87Memory(cpu: usize, operation: u32, format: u32, value: u64): i32 {
  if (memoryUsual(cpu, operation, format, value)) return CONTINUE
  enter(cpu)
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    unpackFrom(Y, format, value, 0)
    operate(cpu, operation)
  }
  return conclude(cpu, 0, 0)
}

/** ST(to) ← ST(to) op ST(from). */
export function x87Arithmetic(cpu: usize, operation: u32, to: u32, from: u32, pops: u32): i32 {
  if (arithmeticUsual(cpu, operation, to, from, pops)) return CONTINUE
  enter(cpu)
  if (!underflow(cpu, to | from)) {
    readStack(cpu, X, to)
    readStack(cpu, Y, from)
    operate(cpu, operation)
  }
  return conclude(cpu, to, pops)
}
