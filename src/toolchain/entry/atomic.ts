/** What ordinary code needs beyond what the compiler emits. */
import { eax, esi, mem, rdi } from '../../isa/index.ts'
import { type Piece, routine } from './piece.ts'

export const atomic: readonly Piece[] = [
  routine('atomic.exchange32', (asm) => {
    asm.emit('mov', eax, esi)
    asm.emit('xchg', mem({ base: rdi, size: 32 }), eax)
    asm.emit('ret')
  }),
]
