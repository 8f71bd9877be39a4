/** Onto the application's stack, in ring 3 or not, and what runs there first. */
import {
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
} from '../../isa/index.ts'
import { INTERRUPTS_ON } from './flags.ts'
import { depart } from './isolation.ts'
import { constantFunction, type Piece, routine } from './piece.ts'
import { userCode, userData } from './segments.ts'

/** All but RDI, RSI and RSP. */
export const scrubbed = [eax, ebx, ecx, edx, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d]

/** enterApplication(rip, rsp, first, second): into ring 3 by IRET, which every processor and every link mode has; no register tells of the kernel. */
const enterUser = (usesGs: boolean, isIsolated: boolean): Piece =>
  routine('entry.enterApplication', (asm) => {
    asm.emit('cli')
    for (const value of [userData | 3, rsi, INTERRUPTS_ON, userCode | 3, rdi]) asm.emit('push', value)
    asm.emit('mov', rdi, rdx)
    asm.emit('mov', rsi, rcx)
    for (const register of scrubbed) asm.emit('xor', register, register)
    if (isIsolated) depart(asm)
    if (usesGs) asm.emit('swapgs')
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
export const user = (usesGs: boolean, isIsolated: boolean): readonly Piece[] => [
  enterUser(usesGs, isIsolated),
  ...applicationAddresses,
]
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

/** The application's side. */
export const userSide: readonly Piece[] = [main, threadMain]
