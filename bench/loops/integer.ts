/** Loops of integer registers, of memory, of calls; none of them ends. */
import { al, type Assembler, eax, edx, mem, r8, rax, rbx, rcx, rdi, rdx, rsi } from '../../src/isa/index.ts'

export const integerLoops: Readonly<Record<string, (asm: Assembler) => void>> = {
  integer(asm) {
    const again = asm.label()
    asm.emit('mov', rcx, -1).bind(again)
    asm.emit('add', rax, rcx).emit('mov', rdx, rax).emit('shr', rdx, 3).emit('xor', rdx, rbx)
    asm.emit('lea', rbx, mem({ base: rdx, index: rax, scale: 4, disp: 7 }))
    asm.emit('dec', rcx).emit('jne', again)
  },
  memory(asm) {
    const [start, outer, inner, next] = ['start', 'outer', 'inner', 'next'].map((n) => asm.label(n))
    asm.bind(start!).emit('mov', rsi, 0x20_0000).emit('mov', rcx, 2).emit('xor', edx, edx)
    asm.bind(outer!).emit('movzx', eax, mem({ base: rsi, index: rcx, size: 8 }))
    asm
      .emit('test', eax, eax)
      .emit('jne', next!)
      .emit('lea', rbx, mem({ base: rcx, index: rcx }))
    asm.bind(inner!).emit('cmp', rbx, 100_000).emit('jae', next!)
    asm
      .emit('mov', mem({ base: rsi, index: rbx, size: 8 }), al)
      .emit('add', rbx, rcx)
      .emit('jmp', inner!)
    asm.bind(next!).emit('inc', rcx).emit('cmp', rcx, 100_000).emit('jb', outer!).emit('jmp', start!)
  },
  calls(asm) {
    const [start, fib, small] = ['start', 'fib', 'small'].map((n) => asm.label(n))
    asm.bind(start!).emit('mov', rdi, 24).emit('call', fib!).emit('mov', r8, rax).emit('jmp', start!)
    asm.bind(fib!).emit('cmp', rdi, 2).emit('jb', small!)
    asm.emit('push', rbx).emit('push', rdi).emit('dec', rdi).emit('call', fib!).emit('mov', rbx, rax)
    asm
      .emit('pop', rdi)
      .emit('sub', rdi, 2)
      .emit('call', fib!)
      .emit('add', rax, rbx)
      .emit('pop', rbx)
      .emit('ret')
    asm.bind(small!).emit('mov', rax, rdi).emit('ret')
  },
}
