/** Near and far transfers of control, loops and software interrupts. */
import { EVENT_CALL, EVENT_RET } from '../probe.ts'
import {
  add,
  and,
  eq,
  eqz,
  gtS,
  i32,
  i64,
  ltS,
  ne,
  select,
  sub,
  wrap,
  type I32,
  type I64,
} from '../wasm/index.ts'
import { UD, type Context } from './context.ts'
import { branch, modal, type Definition, type Definitions } from './definition.ts'
import { conditionNames } from './flags.ts'
import { moveStack, push, RSP, top } from './stack.ts'
import { signed64, toI64, truncate } from './values.ts'

const RCX = 1

/** A relative target stays canonical; in a segment it may leave the limit. */
function checkRelative(c: Context): void {
  if (c.shape.segmented) c.checkTarget(c.targetRip(0))
}

function jumpIf(c: Context, condition: I32): void {
  if (c.shape.segmented) c.f.if(condition, () => checkRelative(c))
  c.jumpIf(condition, 0)
}

function jump(c: Context): void {
  if (c.operand(0).kind === 'relative') {
    checkRelative(c)
    c.jumpRelative(0)
  } else {
    const target = toI64(c.read(0))
    c.checkTarget(target)
    c.jumpTo(target)
  }
}

function call(c: Context): void {
  const bits = c.shape.operandBits
  const { kind } = c.operand(0)
  const target = kind === 'relative' ? null : toI64(c.read(0))
  // The return address is stored before the target is checked, as on silicon.
  push(c, bits, truncate(c.nextRip(), bits), () => {
    if (target) c.checkTarget(target)
    else checkRelative(c)
  })
  if (c.shape.traced) c.probe(EVENT_CALL, target ?? c.targetRip(0), c.nextRip())
  if (target) c.jumpTo(target)
  else c.jumpRelative(0)
}

function ret(c: Context): void {
  const bits = c.shape.operandBits
  const target = toI64(top(c, bits))
  const release = c.operands.length > 0 ? and(c.immediate(0), i64(0xffff)) : i64(0)
  c.checkTarget(target)
  moveStack(c, add(release, i64(bits / 8)))
  if (c.shape.traced) c.probe(EVENT_RET, target, c.gpr(RSP, 64) as I64)
  c.jumpTo(target)
}

const conditional = (code: number): Definition => branch((c) => jumpIf(c, c.condition(code)))

/** The count register in the address size. */
function countRegister(c: Context): { value: I64; mask: I64; write(value: I64): void } {
  const size = c.field('address')
  const mask = c.let(
    select(eq(size, i32(8)), i64(-1), select(eq(size, i32(4)), i64(0xffffffff), i64(0xffff))),
  )
  const whole = c.gpr(RCX, 64) as I64
  return {
    value: c.let(and(whole, mask)),
    mask,
    write: (value) =>
      c.f.if(
        eq(size, i32(2)),
        () => c.setGpr(RCX, 16, wrap(value)),
        () => c.setGpr(RCX, 64, and(value, mask)),
      ),
  }
}

/** LOOP, LOOPE, LOOPNE: the flags stay. `zero`: what ZF must be, or null. */
function loop(zero: boolean | null): Definition {
  return branch((c) => {
    const count = countRegister(c)
    const left = c.let(sub(count.value, i64(1)))
    const more = c.let(ne(and(left, count.mask), i64(0)))
    const again = c.let(zero === null ? more : and(more, c.condition(zero ? 4 : 5)))
    if (c.shape.segmented) c.f.if(again, () => checkRelative(c))
    count.write(left)
    c.jumpIf(again, 0)
  })
}

const jumpIfCountZero = branch((c) => jumpIf(c, c.let(eqz(countRegister(c).value))))

const bytes = (bits: number): I32 => i32(bits / 8)

function farTarget(c: Context): [I32, I64] {
  const bits = c.shape.operandBits
  if (c.operand(0).kind === 'far') return [c.field('second'), c.immediate(0)]
  const va = c.address(0, 'read', bits / 8 + 2)
  const offset = toI64(c.load(bits, va))
  return [c.load(16, add(va, i64(bits / 8))) as I32, offset]
}

const far = (name: 'farJump' | 'farCall'): Definition =>
  modal((c) => c.system(name, ...farTarget(c), bytes(c.shape.operandBits)))

const interrupt = (vector: number | null, kind: number): Definition =>
  modal((c) => c.system('intN', vector === null ? wrap(c.immediate(0)) : i32(vector), i32(kind)))

const interruptReturn = modal((c) => c.system('iret', bytes(c.shape.operandBits)))

function farReturn(c: Context): void {
  const release = c.operands.length > 0 ? and(wrap(c.immediate(0)), i32(0xffff)) : i32(0)
  c.system('farReturn', bytes(c.shape.operandBits), release)
}

/** BOUND: #BR unless the signed index lies within both bounds, which are looked at one after the other, as on silicon. */
function bound(c: Context): void {
  const { bits } = c.operand(0)
  const bytes = bits / 8
  const index = signed64(c.read(0), bits)
  const offset = c.offset(1)
  const at = (from: I64): I64 => c.let(signed64(c.load(bits, c.linear(1, from, 'read', bytes)), bits))
  const low = at(offset)
  c.f.if(ltS(index, low), () => c.raise(5))
  const high = at(c.wrapOffset(1, add(offset, i64(bytes))))
  c.f.if(gtS(index, high), () => c.raise(5))
}

const undefinedInstruction = modal((c) => c.raise(UD))

export const branches: Definitions = {
  mnemonics: {
    jmp: branch(jump),
    call: branch(call),
    ret: branch(ret),
    retf: modal(farReturn),
    retfq: modal(farReturn),
    loop: loop(null),
    loope: loop(true),
    loopne: loop(false),
    jcxz: jumpIfCountZero,
    jecxz: jumpIfCountZero,
    jrcxz: jumpIfCountZero,
    int: interrupt(null, 0),
    int3: interrupt(3, 1),
    into: modal((c) => c.f.if(c.condition(0), () => c.system('intN', i32(4), i32(2)))),
    int1: interrupt(1, 3),
    iret: interruptReturn,
    iretd: interruptReturn,
    iretq: interruptReturn,
    bound: modal(bound),
    ud0: undefinedInstruction,
    ud1: undefinedInstruction,
    ud2: undefinedInstruction,
    rsm: undefinedInstruction,
    vmcall: undefinedInstruction,
    vmmcall: undefinedInstruction,
    ...Object.fromEntries(conditionNames.map((name, code) => [`j${name}`, conditional(code)])),
  },
  // Far forms share the mnemonics of the near ones.
  ids: Object.fromEntries(
    ['ptr16_16', 'ptr16_32', 'm16_16', 'm16_32', 'm16_64'].flatMap((form) => [
      [`jmp.${form}`, far('farJump')],
      [`call.${form}`, far('farCall')],
    ]),
  ),
}
