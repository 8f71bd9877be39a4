/** Into ring 3, and what runs there first. */
import {
  ebp,
  ebx,
  edi,
  edx,
  r11d,
  r8d,
  r9d,
  r10d,
  rcx,
  rdx,
  r8,
  rdi,
  rsi,
  rsp,
  eax,
  r12d,
  r13d,
  r14d,
  r15d,
  symbol,
} from '../../isa/index.ts'
import { constantFunction, type Piece, routine } from './piece.ts'

/** Interrupts on, bit 1 always set. */
const RFLAGS = 0x202

/** enterUser(rip, rsp, first, second): SYSRET loads RIP from RCX and RFLAGS from R11; no register tells of the kernel. */
const enterUser = routine('entry.enterUser', (asm) => {
  asm.emit('cli')
  asm.emit('mov', r8, rcx)
  asm.emit('mov', rcx, rdi)
  asm.emit('mov', rsp, rsi)
  asm.emit('mov', rdi, rdx)
  asm.emit('mov', rsi, r8)
  asm.emit('mov', r11d, RFLAGS)
  for (const register of [eax, ebx, edx, ebp, r8d, r9d, r10d, r12d, r13d, r14d, r15d])
    asm.emit('xor', register, register)
  asm.emit('swapgs')
  asm.emit('sysretq')
})

/** The kernel's side. */
export const user: readonly Piece[] = [
  enterUser,
  constantFunction('entry.applicationMainAddress', 'user.main'),
  constantFunction('entry.applicationThreadAddress', 'user.thread'),
]

/** In ring 3: the initialisers, `main`, and its result as exit status. */
const main = routine('user.main', (asm) => {
  asm.emit('sub', rsp, 8)
  asm.emit('call', symbol('application._start'))
  asm.emit('call', symbol('application.main'))
  asm.emit('mov', edi, eax)
  asm.emit('call', symbol('kernel.exit'))
  asm.emit('ud2')
})

/** In ring 3: one function of the application's table. */
const threadMain = routine('user.thread', (asm) => {
  asm.emit('sub', rsp, 8)
  asm.emit('call', symbol('application.thread'))
  asm.emit('xor', edi, edi)
  asm.emit('call', symbol('kernel.endThread'))
  asm.emit('ud2')
})

/** The application's side. */
export const userSide: readonly Piece[] = [main, threadMain]
