/** Threads: the switch from one stack to another, and where a new one begins. */
import { mem, r12, r13, r14, r15, r8, rbp, rbx, rdi, rsi, rsp, symbol } from '../../isa/index.ts'
import { constantFunction, type Piece, routine } from './piece.ts'

/** What a function must preserve (System V AMD64 §3.2.1); all else the caller has saved already. */
const preserved = [rbx, rbp, r12, r13, r14, r15]

/** switchStack(save, next): the return address is on either stack, so RET ends in the other thread. */
const switchStack = routine('entry.switchStack', (asm) => {
  for (const register of preserved) asm.emit('push', register)
  asm.emit('mov', mem({ base: rdi, size: 64 }), rsp)
  asm.emit('mov', rsp, rsi)
  for (const register of preserved.toReversed()) asm.emit('pop', register)
  asm.emit('ret')
})

/** enterUpcall(rip, rsp, first, second, save): this side waits until `switchStack` comes back to it. */
const enterUpcall = routine('entry.enterUpcall', (asm) => {
  for (const register of preserved) asm.emit('push', register)
  asm.emit('mov', mem({ base: r8, size: 64 }), rsp)
  asm.emit('jmp', symbol('entry.enterApplication'))
})

/** The first return address of a new thread, whose record is in R12. */
const start = routine('thread.start', (asm) => {
  asm.emit('mov', rdi, r12)
  asm.emit('call', symbol('kernel.runThread'))
  asm.emit('ud2')
})

export const thread: readonly Piece[] = [
  switchStack,
  enterUpcall,
  start,
  constantFunction('entry.threadStartAddress', 'thread.start'),
]
