/**
 * FRED (Intel, Flexible Return and Event Delivery): SYSCALL, interrupts and exceptions all arrive at one of two places, by the ring that they come
 * from, on the stack of IA32_FRED_RSP0, with a frame of 64 bytes that says what they are; ERETU and ERETS go back. The processor exchanges the bases
 * of GS, turns interrupts off and clears DF and AC. From RSP up: error code, RIP, CS, RFLAGS, RSP, SS with the event's vector and type, data, 0.
 */
import {
  type Assembler,
  al,
  eax,
  ecx,
  mem,
  r10,
  r11d,
  rax,
  rbp,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  symbol,
} from '../../isa/index.ts'
import type { Crossing } from './crossing.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { INTERRUPTS_ON } from './flags.ts'
import { handle } from './interrupt.ts'
import { arrive, depart } from './isolation.ts'
import { clearBuffers, fillReturnStack } from './mitigations.ts'
import { alignedRoutine, type Piece, routine } from './piece.ts'
import { userCode, userData } from './segments.ts'
import type { Transition } from './transition.ts'
import { scrubAll } from './user.ts'

/** Where ring 0's events arrive, behind ring 3's. */
const KERNEL_ENTRY = 256
const FRAME_WORDS = 8
/** Bytes of the frame: the event's vector, and its type in the low half of another. */
const VECTOR = 44
const TYPE = 46
const TYPE_SOFTWARE_INTERRUPT = 4
const TYPE_CALL = 7
const VECTOR_SYSCALL = 1
const INVALID_OPCODE = 6
const GENERAL_PROTECTION = 13

const byteAt = (offset: number) => mem({ base: rsp, disp: offset, size: 8 })

/** EAX ← the vector, once RAX has been pushed below a free word. */
function loadVector(asm: Assembler, isUser: boolean): void {
  const known = asm.label('known')
  const call = asm.label('call')
  asm.emit('movzx', eax, byteAt(16 + VECTOR))
  if (!isUser) return
  // INT n and its kin are what a gate of DPL 0 makes of them; SYSENTER is not used.
  asm.emit('cmp', byteAt(16 + TYPE), TYPE_CALL)
  asm.emit('je', call)
  asm.emit('cmp', byteAt(16 + TYPE), TYPE_SOFTWARE_INTERRUPT)
  asm.emit('jb', known)
  asm.emit('mov', eax, GENERAL_PROTECTION)
  asm.emit('jmp', known)
  asm.bind(call)
  asm.emit('mov', eax, INVALID_OPCODE)
  asm.bind(known)
}

/** Makes of the frame what `src/kernel/trap/frame.ts` describes, and of the way back one instruction. */
const event = (name: string, fromUser?: Crossing) =>
  routine(name, (asm) => {
    asm.emit('push', 0)
    asm.emit('push', rax)
    loadVector(asm, fromUser !== undefined)
    asm.emit('mov', byteAt(8), al)
    asm.emit('pop', rax)
    handle(asm)
    // The vector; the way back begins at the error code.
    asm.emit('add', rsp, 8)
    if (fromUser?.hasMitigations) clearBuffers(asm)
    if (fromUser?.isIsolated) depart(asm, FRAME_WORDS, fromUser)
    asm.emit(fromUser ? 'eretu' : 'erets')
  })

export const fred: Transition = {
  kernel: (calls, crossing) => [
    alignedRoutine('fred.entry', 4096, (asm) => {
      if (crossing.isIsolated) arrive(asm, FRAME_WORDS, crossing)
      asm.emit('cmp', byteAt(TYPE), TYPE_CALL)
      asm.emit('jne', symbol('fred.userEvent'))
      asm.emit('cmp', byteAt(VECTOR), VECTOR_SYSCALL)
      asm.emit('je', symbol('call.entry'))
      asm.emit('jmp', symbol('fred.userEvent'))
      asm.align(KERNEL_ENTRY)
      asm.emit('jmp', symbol('fred.kernelEvent'))
    }),
    routine('call.entry', (asm) => {
      const { isIsolated, hasMitigations } = crossing
      // A word below RBP makes RSP a multiple of 16.
      asm.emit('push', rbp)
      asm.emit('push', 0)
      if (hasMitigations) fillReturnStack(asm)
      asm.emit('sti')
      dispatch(asm, calls, hasMitigations)
      asm.emit('cli')
      scrub(asm, ecx, r11d)
      if (hasMitigations) clearBuffers(asm)
      asm.emit('pop', rbp)
      asm.emit('pop', rbp)
      if (isIsolated) depart(asm, FRAME_WORDS, crossing)
      asm.emit('eretu')
    }),
    event('fred.userEvent', crossing),
    event('fred.kernelEvent'),
    ...dispatchTable(calls),
  ],
  application: (calls) =>
    stubs(calls, (asm, { number, parameters }) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('syscall')
      asm.emit('ret')
    }),
  savedRbp: 72,
}

/** enterApplication(rip, rsp, first, second): a frame of 64 bytes, and ERETU. */
export const enterByEretu = (crossing: Crossing): Piece =>
  routine('entry.enterApplication', (asm) => {
    asm.emit('cli')
    const frame = [0, 0, userData | 3, rsi, INTERRUPTS_ON, userCode | 3, rdi, 0]
    for (const word of frame) asm.emit('push', word)
    asm.emit('mov', rdi, rdx)
    asm.emit('mov', rsi, rcx)
    scrubAll(asm)
    if (crossing.hasMitigations) clearBuffers(asm)
    if (crossing.isIsolated) depart(asm, FRAME_WORDS, crossing)
    asm.emit('eretu')
  })
