/** An exception or interrupt in real mode: FLAGS, CS, IP on the stack, and CS:IP from the vector table. SDM Vol. 3B, 21.1.4. */
import { CS, IDTR } from '../../layout'
import * as P from '../../probe'
import { AC, IF, RF, TF, VECTOR_GP } from '../bits'
import { readSystem } from '../mmu/memory'
import { pending, raise } from '../raise'
import { setReal } from '../segmentation/load'
import { getGpr, RSP, segSelector } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { finishTransition, jumpTo, setFlags, setStackPointer } from './commit'
import { gateError } from './deliver-long'
import { pushedPointer, pushTo, useCurrentStack } from './stack-target'

export function deliverReal(cpu: usize, vector: u32, flags: u64, rip: u64): i32 {
  if ((vector << 2) + 3 > load<u32>(cpu, IDTR + 8)) return raise(cpu, VECTOR_GP, 0, gateError(cpu, vector))
  const gate = <u32>readSystem(cpu, load<u64>(cpu, IDTR) + (vector << 2), 4)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_READ_GATE, gate)
  useCurrentStack(cpu, getGpr(cpu, RSP), 0)
  if (pushTo(cpu, 2, flags)) return EXCEPTION
  if (pushTo(cpu, 2, segSelector(cpu, CS))) return EXCEPTION
  if (pushTo(cpu, 2, rip)) return EXCEPTION

  setStackPointer(cpu, pushedPointer())
  setFlags(cpu, flags & ~(IF | TF | RF | AC))
  setReal(cpu, CS, gate >> 16)
  jumpTo(cpu, gate & 0xffff)
  finishTransition(cpu)
  return CONTINUE
}
