import { expect, test } from 'vitest'
import { Discovery } from '../../src/cpu/jit/discover.ts'
import * as L from '../../src/cpu/layout.ts'
import { Assembler, eax, edi, mem, rbx, rdi } from '../../src/isa/index.ts'

// A function that calls itself twice: calls are followed into copies of it, whose returns lead elsewhere than its own.
test('a return of a function and of its copies leads to every place that it has been seen to go', () => {
  const asm = new Assembler(64)
  const [again, out] = [asm.label('again'), asm.label('out')]
  asm.bind(again).emit('cmp', edi, 1).emit('jbe', out)
  asm.emit('push', rbx).emit('mov', rbx, rdi)
  asm.emit('lea', edi, mem({ base: rbx, disp: -1, size: 32 })).emit('call', again)
  const first = asm.offset
  asm.emit('lea', edi, mem({ base: rbx, disp: -2, size: 32 })).emit('call', again)
  const second = asm.offset
  asm.emit('pop', rbx).bind(out).emit('inc', eax)
  const ret = asm.offset
  asm.emit('ret')
  const bytes = new Uint8Array(4096).fill(0xf4)
  bytes.set(asm.finish().bytes)
  for (const seen of [[first], [second], [first, second]]) {
    const source = {
      bytes,
      ram: 0,
      page: (relative: number) => (relative === 0 ? 0 : -1),
      wanted: (offset: number) => offset <= ret,
      refused: new Set<number>(),
      seenTargets: (offset: number) => (offset === ret ? seen : []),
    }
    const limits = { blocks: 100, instructions: 1000 }
    const region = new Discovery(source, L.MODE_CODE64 | L.MODE_NO_AVX, limits).region(0)!
    expect(region.targets.get(ret)).toEqual(expect.arrayContaining(seen))
    expect(region.entries).toEqual(expect.arrayContaining(seen))
  }
})
