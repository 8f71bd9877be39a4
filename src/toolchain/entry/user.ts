/** Onto the application's stack, in ring 3 or not, and what runs there first. */
import {
  type Assembler,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  r10d,
  r11d,
  r12d,
  r13d,
  r14d,
  r15d,
  r8d,
  r9d,
  rax,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  symbol,
  xmms,
} from '../../isa/index.ts'
import type { Crossing } from './crossing.ts'
import { INTERRUPTS_ON } from './flags.ts'
import { depart } from './isolation.ts'
import { clearBuffers } from './mitigations.ts'
import { constantFunction, type Piece, routine } from './piece.ts'
import { userCode, userData } from './segments.ts'

/** All but RDI, RSI and RSP. */
const scrubbed = [eax, ebx, ecx, edx, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d]

/** No register tells of the kernel. */
export function scrubAll(asm: Assembler): void {
  for (const register of scrubbed) asm.emit('xor', register, register)
  for (const register of xmms) asm.emit('xorps', register, register)
}

/** enterApplication(rip, rsp, first, second): into ring 3 by IRET, which every processor and every link mode has. */
const enterUser = (crossing: Crossing): Piece =>
  routine('entry.enterApplication', (asm) => {
    asm.emit('cli')
    for (const value of [userData | 3, rsi, INTERRUPTS_ON, userCode | 3, rdi]) asm.emit('push', value)
    asm.emit('mov', rdi, rdx)
    asm.emit('mov', rsi, rcx)
    scrubAll(asm)
    if (crossing.hasMitigations) clearBuffers(asm)
    if (crossing.isIsolated) depart(asm, 5, crossing)
    if (crossing.usesGs) asm.emit('swapgs')
    asm.emit('iretq')
  })

/** The same where the application stays in ring 0 and only gets a stack of its own. */
const enterSameRing = routine('entry.enterApplication', (asm) => {
  asm.emit('mov', rax, rdi)
  asm.emit('mov', rsp, rsi)
  asm.emit('mov', rdi, rdx)
  asm.emit('mov', rsi, rcx)
  asm.emit('xor', ebp, ebp)
  asm.emit('jmp', rax)
})

export const applicationAddresses: readonly Piece[] = [
  constantFunction('entry.applicationMainAddress', 'user.main'),
  constantFunction('entry.applicationThreadAddress', 'user.thread'),
]

/** The kernel's side, of an application in ring 3 or in ring 0 with its own stacks. */
export const user = (crossing: Crossing): readonly Piece[] => [enterUser(crossing), ...applicationAddresses]
export const ownStack: readonly Piece[] = [enterSameRing, ...applicationAddresses]

/** On the application's stack: the initialisers, `main`, and its result as exit status. */
const main = routine('user.main', (asm) => {
  asm.emit('sub', rsp, 8)
  asm.emit('call', symbol('application._start'))
  asm.emit('call', symbol('application.main'))
  asm.emit('mov', edi, eax)
  asm.emit('call', symbol('kernel.exit'))
  asm.emit('ud2')
})

/** One function of the application's table. */
const threadMain = routine('user.thread', (asm) => {
  asm.emit('sub', rsp, 8)
  asm.emit('call', symbol('application.thread'))
  asm.emit('xor', edi, edi)
  asm.emit('call', symbol('kernel.endThread'))
  asm.emit('ud2')
})

/** The handler of upcalls, likewise, and back to where the thread was. */
const upcall = routine('user.upcall', (asm) => {
  asm.emit('sub', rsp, 8)
  asm.emit('call', symbol('application.thread'))
  asm.emit('call', symbol('kernel.endUpcall'))
  asm.emit('ud2')
})

/** The application's side, with stacks of its own or not. */
export const userSide: readonly Piece[] = [
  main,
  threadMain,
  upcall,
  constantFunction('user.upcallAddress', 'user.upcall'),
]
export const sameStackSide: readonly Piece[] = [constantFunction('user.upcallAddress', 0)]
