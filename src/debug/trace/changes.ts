/** Which registers and words of the stack a transition has changed, from its micro-steps and the registers before and after. */
import * as P from '../../cpu/probe.ts'
import type { Transition } from './transition.ts'

export interface RegisterChange {
  readonly name: string
  /** Null when the old value is not known. */
  readonly from: bigint | null
  readonly to: bigint
}

export interface StackWord {
  /** Linear address; null outside 64-bit frames, whose words have other sizes. */
  readonly address: bigint | null
  readonly what: string
  readonly value: bigint
}

export interface Changes {
  readonly registers: readonly RegisterChange[]
  /** Written to the new stack, in this order; or read from the old one. */
  readonly pushed: readonly StackWord[]
  readonly popped: readonly StackWord[]
}

const pushes: Readonly<Record<number, string>> = {
  [P.STEP_PUSH_SS]: 'SS',
  [P.STEP_PUSH_RSP]: 'RSP',
  [P.STEP_PUSH_RFLAGS]: 'RFLAGS',
  [P.STEP_PUSH_CS]: 'CS',
  [P.STEP_PUSH_RIP]: 'RIP',
  [P.STEP_PUSH_ERROR]: 'error',
  [P.STEP_PUSH_PARAMETER]: 'parameter',
  [P.STEP_PUSH_RESERVED]: '0',
  [P.STEP_PUSH_EVENT_DATA]: 'data',
}
const pops: Readonly<Record<number, string>> = {
  [P.STEP_POP_RIP]: 'RIP',
  [P.STEP_POP_CS]: 'CS',
  [P.STEP_POP_RFLAGS]: 'RFLAGS',
  [P.STEP_POP_RSP]: 'RSP',
  [P.STEP_POP_SS]: 'SS',
}
/** Registers that are written by a step, and stand neither before nor after among `Registers`. */
const written: Readonly<Record<number, string>> = {
  [P.STEP_RCX_FROM_RIP]: 'RCX',
  [P.STEP_R11_FROM_RFLAGS]: 'R11',
  [P.STEP_CSL]: 'CSL',
  [P.STEP_TR]: 'TR',
  [P.STEP_GS_BASE]: 'GS.base',
}
const REX_W = 0x48
const segments = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS']
/** Steps that only 64-bit frames have. */
const wide = new Set([P.STEP_ALIGN_STACK, P.STEP_STACK_FROM_IST, P.STEP_STACK_FROM_FRED])

export function changesOf(transition: Transition): Changes {
  return { registers: registersOf(transition), ...stackOf(transition) }
}

function registersOf({ before, after, steps }: Transition): RegisterChange[] {
  const changes: RegisterChange[] = []
  const compare = (name: string, from: bigint | number, to: bigint | number): void => {
    if (from !== to) changes.push({ name, from: BigInt(from), to: BigInt(to) })
  }
  for (const { step, value } of steps) {
    const name = written[step]
    if (name) changes.push({ name, from: null, to: value })
    if (step === P.STEP_NULL_SEGMENT) changes.push({ name: segments[Number(value)]!, from: null, to: 0n })
  }
  compare('RSP', before.rsp, after.rsp)
  compare('RFLAGS', before.rflags, after.rflags)
  compare('CS', before.cs, after.cs)
  compare('SS', before.ss, after.ss)
  compare('CR3', before.cr3, after.cr3)
  return changes
}

function stackOf({
  before,
  after,
  steps,
  codeBits,
  cause,
  code,
}: Transition): Pick<Changes, 'pushed' | 'popped'> {
  const isNarrowReturn = cause.name === 'iret' && code[0] !== REX_W
  const isWide = !isNarrowReturn && (codeBits === 64 || steps.some(({ step }) => wide.has(step)))
  const pushed = steps.filter(({ step }) => pushes[step] !== undefined)
  const popped = steps.filter(({ step }) => pops[step] !== undefined)
  const at = (address: bigint): bigint | null => (isWide ? address : null)
  // The frame of a FRED event begins with its error code.
  const frame = before.rsp + (cause.name === 'eretu' || cause.name === 'erets' ? 8n : 0n)
  return {
    pushed: pushed.map(({ step, value }, i) => ({
      address: at(after.rsp + 8n * BigInt(pushed.length - 1 - i)),
      what: pushes[step]!,
      value,
    })),
    popped: popped.map(({ step, value }, i) => ({
      address: at(frame + 8n * BigInt(i)),
      what: pops[step]!,
      value,
    })),
  }
}
