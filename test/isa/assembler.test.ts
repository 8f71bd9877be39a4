import { expect, test } from 'vitest'
import {
  absolute,
  ah,
  al,
  Assembler,
  ax,
  cl,
  dl,
  dx,
  eax,
  far,
  mem,
  r8b,
  rax,
  rbx,
  rcx,
  rsp,
  short,
  symbol,
} from '../../src/isa/index.ts'
import type { AssemblerOperand } from '../../src/isa/index.ts'

function hexOf(...instruction: [string, ...AssemblerOperand[]]): string {
  const assembler = new Assembler()
  assembler.emit(...instruction)
  return Buffer.from(assembler.finish().bytes).toString('hex')
}

// Expected bytes: nasm 2.16.
test.each<[string, [string, ...AssemblerOperand[]]]>([
  ['488b44cb10', ['mov', rax, mem({ base: rbx, index: rcx, scale: 8, disp: 16 })]],
  ['48c7c005000000', ['mov', rax, 5]],
  ['48b8bc9a785634120000', ['mov', rax, 0x123456789abcn]],
  ['83c0ff', ['add', eax, 0xffffffff]],
  ['48c7c0ffffffff', ['mov', rax, 0xffffffffffffffffn]],
  ['0405', ['add', al, 5]],
  ['80c105', ['add', cl, 5]],
  ['6681c23412', ['add', dx, 0x1234]],
  ['66053412', ['add', ax, 0x1234]],
  ['48c1e004', ['shl', rax, 4]],
  ['48d1e0', ['sal', rax, 1]],
  ['0f94c2', ['setz', dl]],
  ['67c604250000008080', ['mov', mem({ disp: 0x80000000, size: 8 }), 0x80]],
  ['8a2424', ['mov', ah, mem({ base: rsp })]],
  ['a0efcdab8967452301', ['mov', al, absolute(0x0123456789abcdefn)]],
  ['ed', ['in', eax, dx]],
])('%s', (expected, instruction) => {
  expect(hexOf(...instruction)).toBe(expected)
})

test('branches are short backwards, near forwards, and short forwards on request', () => {
  const asm = new Assembler()
  const top = asm.label('top')
  const end = asm.label('end')
  asm
    .bind(top)
    .emit('nop')
    .emit('jmp', top)
    .emit('jz', end)
    .emit('jmp', short(end))
    .emit('lea', rax, mem({ rip: end }))
  asm.bind(end).emit('ret')
  asm.align(8)
  expect(Buffer.from(asm.finish().bytes).toString('hex')).toBe(
    '90ebfd0f8409000000eb07488d0500000000c30f1f440000',
  )
})

test('a branch further than 128 bytes back is near', () => {
  const asm = new Assembler()
  const top = asm.label()
  asm.bind(top)
  for (let i = 0; i < 126; i++) asm.emit('nop')
  asm.emit('jmp', top).emit('jmp', top)
  expect([...asm.finish().bytes.subarray(126)]).toEqual([0xeb, 0x80, 0xe9, 0x7b, 0xff, 0xff, 0xff])
})

test('relocations stand at the field and count from its place', () => {
  const asm = new Assembler()
  asm.emit('call', symbol('f'))
  asm.emit('mov', mem({ rip: symbol('v', 8), size: 32 }), 7)
  asm.emit('mov', eax, symbol('a'))
  asm.emit('mov', rax, symbol('b', 0, 'abs64'))
  asm.emit('mov', eax, mem({ base: rcx, symbol: symbol('t', 4), disp: 16 }))
  asm.mode = 32
  asm.emit('jmp', far(0x10, symbol('g')))
  expect(asm.finish().relocations).toEqual([
    { offset: 1, kind: 'pc32', symbol: 'f', addend: -4 },
    { offset: 7, kind: 'pc32', symbol: 'v', addend: 0 },
    { offset: 16, kind: 'abs32', symbol: 'a', addend: 0 },
    { offset: 22, kind: 'abs64', symbol: 'b', addend: 0 },
    { offset: 32, kind: 'abs32s', symbol: 't', addend: 20 },
    { offset: 37, kind: 'abs32', symbol: 'g', addend: 0 },
  ])
})

test('mistakes are named', () => {
  expect(() => hexOf('mov', mem({ base: rax }), 5)).toThrow('the memory operand needs a size')
  expect(() => hexOf('mov', rax, al)).toThrow('no encoding of mov rax, al in 64-bit mode')
  expect(() => hexOf('frob')).toThrow('unknown mnemonic frob')
  expect(() => hexOf('mov', ah, r8b)).toThrow('cannot stand with a REX prefix')
  expect(() => hexOf('mov', eax, mem({ base: rax, index: rsp }))).toThrow('rsp cannot be the index')
  const asm = new Assembler()
  asm.emit('jmp', asm.label('nowhere'))
  expect(() => asm.finish()).toThrow('nowhere is used at offset 1 and never bound')
})
