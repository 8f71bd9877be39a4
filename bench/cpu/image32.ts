/** A flat multiboot image of 32-bit code in protected mode, as multiboot leaves it, without paging. */
import { Assembler, eax, esp } from '../../src/isa/index.ts'
import { CODE } from './gcc.ts'

const BASE = 0x10_0000
const STACK = 0x20_0000
const MAGIC = 0x1bad_b002
/** The header says where the image goes. */
const FLAGS = 0x1_0000
const HEADER_BYTES = 32

export function buildImage32(code: Uint8Array): Uint8Array {
  const end = CODE + code.length
  const asm = new Assembler(32)
  for (const word of [MAGIC, FLAGS, -(MAGIC + FLAGS) >>> 0, BASE, BASE, end, end, BASE + HEADER_BYTES])
    asm.u32(word)
  asm.emit('mov', esp, STACK).emit('fninit').emit('mov', eax, CODE).emit('jmp', eax)
  const image = new Uint8Array(end - BASE)
  image.set(asm.finish().bytes)
  image.set(code, CODE - BASE)
  return image
}
