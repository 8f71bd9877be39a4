/**
 * Interrupts of devices where the application runs in the kernel's ring. The processor would push their frame onto the application's stack; if that
 * has to grow first, the interrupt would be lost in the page fault. They come on a stack of their own (IST 4) instead, and software moves the frame
 * to where the processor would have put it: a page fault on the way there is like any other.
 */
import { mem, rax, rcx, rsp, symbol } from '../../isa/index.ts'
import { type Piece, routine } from './piece.ts'

/** Vector, error code, and what the processor has pushed. */
const WORDS = 7
const RSP_WORD = 5

export const onInterruptStack: Piece = routine('interrupt.device', (asm) => {
  const saved = 2
  const word = (base: typeof rsp, index: number) => mem({ base, disp: 8 * index, size: 64 })
  asm.emit('push', rax)
  asm.emit('push', rcx)
  asm.emit('mov', rax, word(rsp, saved + RSP_WORD))
  // SDM Vol. 3A §6.14.2: the frame is aligned to 16 bytes.
  asm.emit('and', rax, -16)
  asm.emit('sub', rax, 8 * WORDS)
  for (let index = WORDS - 1; index >= 0; index--) {
    asm.emit('mov', rcx, word(rsp, saved + index))
    asm.emit('mov', word(rax, index), rcx)
  }
  asm.emit('mov', rcx, word(rsp, 1))
  asm.emit('mov', word(rax, -1), rcx)
  asm.emit('mov', rcx, word(rsp, 0))
  asm.emit('lea', rsp, mem({ base: rax, disp: -8 }))
  asm.emit('pop', rax)
  asm.emit('jmp', symbol('interrupt.common'))
})
