/**
 * Interrupts and exceptions. The processor has switched to the kernel's stack if it came from ring 3, and has pushed
 * SS, RSP, RFLAGS, CS, RIP and for some exceptions an error code (SDM Vol. 3A §6.14). Each vector has a stub that makes
 * the frames alike; the rest is common. `src/kernel/trap/frame.ts` describes the frame.
 */
import {
  type Assembler,
  mem,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  r8,
  r9,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  symbol,
} from '../../isa/index.ts'
import { finishArrival } from './call-gate.ts'
import type { Crossing } from './crossing.ts'
import { onInterruptStack } from './interrupt-stack.ts'
import type { LinkMode } from './link-mode.ts'
import { returnByRet } from './return-by-ret.ts'
import { clearAlignmentCheck } from './flags.ts'
import { arrive, depart } from './isolation.ts'
import { clearBuffers, fenceSwapgs } from './mitigations.ts'
import { constantFunction, type Piece, routine } from './piece.ts'

/** Exceptions for which the processor pushes an error code (SDM Vol. 3A table 6-1). */
const withErrorCode = new Set([8, 10, 11, 12, 13, 14, 17, 21, 29, 30])
const stubBytes = 16

/** In the order in which they are pushed. */
const registers = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15]

/** x87 and SSE state as FXSAVE writes it. */
const stateBytes = 512

/** Vectors from here on are devices'; those below are the processor's. */
const FIRST_DEVICE = 32

const stubs = (device: string): Piece =>
  routine('interrupt.stubs', (asm) => {
    for (let vector = 0; vector < 256; vector++) {
      if (!withErrorCode.has(vector)) asm.emit('push', 0)
      asm.emit('push', vector)
      asm.emit('jmp', symbol(vector < FIRST_DEVICE ? 'interrupt.common' : device))
      asm.align(stubBytes)
    }
  })

/** Registers and the state of the vector unit saved below the vector, `kernel.interrupt` called with the frame, all of it restored. */
export function handle(asm: Assembler): void {
  for (const register of registers) asm.emit('push', register)
  asm.emit('sub', rsp, stateBytes)
  asm.emit('fxsave64', mem({ base: rsp, size: stateBytes * 8 }))
  asm.emit('lea', rdi, mem({ base: rsp, disp: stateBytes }))
  asm.emit('call', symbol('kernel.interrupt'))
  asm.emit('fxrstor64', mem({ base: rsp, size: stateBytes * 8 }))
  asm.emit('add', rsp, stateBytes)
  for (const register of registers.toReversed()) asm.emit('pop', register)
}

const common = (mode: LinkMode, crossing: Crossing): Piece =>
  routine('interrupt.common', (asm) => {
    const { usesGs, isIsolated, hasMitigations } = crossing
    const crosses = usesGs || isIsolated
    const mayInterruptArrival = mode.way === 'trap:gate' && isIsolated
    const fromKernel = asm.label('from kernel')
    const toKernel = asm.label('to kernel')
    const cs = (offset: number) => mem({ base: rsp, disp: offset, size: 8 })
    if (crosses) {
      asm.emit('test', cs(24), 3)
      asm.emit('je', fromKernel)
      if (usesGs) asm.emit('swapgs')
      if (usesGs && hasMitigations) fenceSwapgs(asm)
      // Vector and error code, and what the processor has pushed.
      if (isIsolated) arrive(asm, 7, crossing)
      const known = asm.label('known')
      if (mayInterruptArrival) asm.emit('jmp', known)
      asm.bind(fromKernel)
      if (mayInterruptArrival) finishArrival(asm, crossing)
      asm.bind(known)
    }
    clearAlignmentCheck(asm)
    asm.emit('cld')
    handle(asm)
    asm.emit('add', rsp, 16)
    if (crosses) {
      asm.emit('test', cs(8), 3)
      asm.emit('je', toKernel)
      if (hasMitigations) clearBuffers(asm)
      if (isIsolated) depart(asm, 5, crossing)
      if (usesGs) asm.emit('swapgs')
      asm.bind(toKernel)
    }
    if (mode.faults === 'ret') returnByRet(asm)
    else asm.emit('iretq')
  })

export const interrupt = (mode: LinkMode, crossing: Crossing): readonly Piece[] => [
  ...(mode.ring === 3 ? [stubs('interrupt.common')] : [stubs('interrupt.device'), onInterruptStack]),
  common(mode, crossing),
  constantFunction('entry.interruptStubs', 'interrupt.stubs'),
  constantFunction('entry.interruptStubSize', stubBytes),
]
