/** What ordinary code needs beyond what the compiler emits. */
import { eax, esi, mem, r12, r13, r14, r15, rbp, rbx, rdi, rsp } from '../../isa/index.ts'
import { type Piece, routine } from './piece.ts'

export const atomic: readonly Piece[] = [
  routine('atomic.exchange32', (asm) => {
    asm.emit('mov', eax, esi)
    asm.emit('xchg', mem({ base: rdi, size: 32 }), eax)
    asm.emit('ret')
  }),
  routine('atomic.saveRegisters', (asm) => {
    for (const [index, register] of [rbx, rbp, r12, r13, r14, r15, rsp].entries())
      asm.emit('mov', mem({ base: rdi, disp: index * 8, size: 64 }), register)
    asm.emit('ret')
  }),
]
