import { Assembler, al, eax, ecx, edi, esi, mem, rax, rcx, rdi, rsi, symbol } from '../../../isa/index.ts'
import type { AssembledCode } from '../../../isa/index.ts'
import type { ModuleContext } from '../lower/context.ts'

/** Routines that compiled code calls for instructions too long to write in place. */
type Helper = (asm: Assembler, context: ModuleContext) => void

/**
 * memory.copy: RDI to, RSI from, ECX bytes; destroys these and RAX. Backwards if the destination starts inside the
 * source, 8 bytes at a time as long as that many are left.
 */
const copy: Helper = (asm) => {
  const backwards = asm.label('backwards')
  const bytes = asm.label('bytes')
  const loop = asm.label('loop')
  const done = asm.label('done')
  asm.emit('mov', eax, edi)
  asm.emit('sub', eax, esi)
  asm.emit('cmp', eax, ecx)
  asm.emit('jb', backwards)
  asm.prefix('rep').emit('movsb')
  asm.emit('ret')
  asm.bind(backwards)
  asm.bind(loop)
  asm.emit('sub', rcx, 8)
  asm.emit('jb', bytes)
  asm.emit('mov', rax, mem({ base: rsi, index: rcx }))
  asm.emit('mov', mem({ base: rdi, index: rcx }), rax)
  asm.emit('jmp', loop)
  asm.bind(bytes)
  asm.emit('add', rcx, 8)
  const byte = asm.label('byte')
  asm.bind(byte)
  asm.emit('sub', rcx, 1)
  asm.emit('jb', done)
  asm.emit('movzx', eax, mem({ base: rsi, index: rcx, size: 8 }))
  asm.emit('mov', mem({ base: rdi, index: rcx, size: 8 }), al)
  asm.emit('jmp', byte)
  asm.bind(done)
  asm.emit('ret')
}

/** memory.fill: RDI to, AL the byte, ECX bytes. */
const fill: Helper = (asm) => {
  asm.prefix('rep').emit('stosb')
  asm.emit('ret')
}

/** memory.grow: EDI pages; EAX becomes the old size, or −1 if the limit does not allow it. */
const grow: Helper = (asm, { memoryPagesSymbol, memoryMaxPages }) => {
  const refuse = asm.label('refuse')
  asm.emit('mov', eax, mem({ rip: symbol(memoryPagesSymbol), size: 32 }))
  asm.emit('add', rdi, rax)
  asm.emit('cmp', rdi, memoryMaxPages)
  asm.emit('ja', refuse)
  asm.emit('mov', mem({ rip: symbol(memoryPagesSymbol), size: 32 }), edi)
  asm.emit('ret')
  asm.bind(refuse)
  asm.emit('mov', eax, -1)
  asm.emit('ret')
}

const helpers: Record<string, Helper> = { 'memory.copy': copy, 'memory.fill': fill, 'memory.grow': grow }

export function emitHelper(name: string, context: ModuleContext): AssembledCode {
  const asm = new Assembler(64)
  helpers[name]!(asm, context)
  return asm.finish()
}
