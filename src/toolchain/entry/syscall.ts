/**
 * SYSCALL from the application in ring 3 and SYSRET back (SDM Vol. 2B). The processor has put RIP into RCX, RFLAGS into
 * R11, has cleared what IA32_FMASK says, and has changed neither RSP nor GS: SWAPGS reaches the block that tells the
 * kernel's stack. The number is in EAX, arguments in RDI, RSI, RDX, R10, R8, R9, the result in RAX.
 */
import {
  eax,
  type Register,
  edi,
  edx,
  esi,
  gs,
  mem,
  r10,
  r10d,
  r11,
  r8d,
  r9d,
  rax,
  rbp,
  rcx,
  rsp,
  symbol,
  xmms,
} from '../../isa/index.ts'
import { constantFunction, type Piece, reserve, routine, table } from './piece.ts'

const ENOSYS = 38
/** Offsets in the per-processor block. */
const kernelStack = 0
const userStack = 8

const perProcessor = (disp: number) => mem({ segment: gs, disp, size: 64 })

/** Caller-saved and not the result: they must not carry the kernel's values out. */
const scrubbed: readonly Register[] = [edi, esi, edx, r8d, r9d, r10d]

function entry(count: number): Piece {
  return routine('syscall.entry', (asm) => {
    const run = asm.label('run')
    const back = asm.label('back')
    asm.emit('swapgs')
    asm.emit('mov', perProcessor(userStack), rsp)
    asm.emit('mov', rsp, perProcessor(kernelStack))
    // Found again below the stack's top by `src/kernel/trap/offence.ts`.
    asm.emit('push', perProcessor(userStack))
    asm.emit('push', r11)
    asm.emit('push', rcx)
    asm.emit('push', rbp)
    asm.emit('sti')
    asm.emit('cmp', eax, count)
    asm.emit('jb', run)
    asm.emit('mov', rax, -ENOSYS)
    asm.emit('jmp', back)
    asm.bind(run)
    asm.emit('mov', eax, eax)
    asm.emit('mov', rcx, r10)
    asm.emit('call', mem({ symbol: symbol('syscall.table'), index: rax, scale: 8, size: 64 }))
    asm.bind(back)
    asm.emit('cli')
    for (const register of scrubbed) asm.emit('xor', register, register)
    for (const register of xmms) asm.emit('xorps', register, register)
    asm.emit('pop', rbp)
    asm.emit('pop', rcx)
    asm.emit('pop', r11)
    asm.emit('pop', rsp)
    asm.emit('swapgs')
    asm.emit('sysretq')
  })
}

/** A number that no call has. */
const missing = routine('syscall.missing', (asm) => {
  asm.emit('mov', rax, -ENOSYS)
  asm.emit('ret')
})

/** A call as the entry code needs it. */
export interface NumberedCall {
  readonly number: number
  readonly name: string
  readonly parameters: { readonly length: number }
}

/** The kernel's side, for the calls given. */
export function syscall(calls: readonly NumberedCall[]): readonly Piece[] {
  const count = Math.max(-1, ...calls.map(({ number }) => number)) + 1
  const names = new Map(calls.map(({ number, name }) => [number, `kernel.trap_${name}`]))
  const dispatch = table('syscall.table', (asm) => {
    for (let number = 0; number < count; number++) asm.u64(symbol(names.get(number) ?? 'syscall.missing'))
  })
  return [
    entry(count),
    missing,
    dispatch,
    constantFunction('entry.syscallEntry', 'syscall.entry'),
    reserve('processor.block', 16, 16),
    constantFunction('entry.processorBlock', 'processor.block'),
  ]
}

/** The application's side: one function for each call, with the name that the application imports. */
export function syscallStubs(calls: readonly NumberedCall[]): readonly Piece[] {
  return calls.map(({ number, name, parameters }) =>
    routine(`kernel.${name}`, (asm) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('syscall')
      asm.emit('ret')
    }),
  )
}
