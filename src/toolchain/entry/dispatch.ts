/**
 * From a call's number to its function, for every way in that has a number. The number is in EAX, arguments in RDI, RSI, RDX, R10, R8, R9, the
 * result in RAX; R10 stands for RCX, which SYSCALL and SYSENTER need.
 */
import {
  type Assembler,
  eax,
  edi,
  edx,
  esi,
  mem,
  r10,
  r10d,
  r8d,
  r9d,
  rax,
  rcx,
  symbol,
  type Register,
  xmms,
} from '../../isa/index.ts'
import { retpoline } from './mitigations.ts'
import { type Piece, routine, table } from './piece.ts'

const ENOSYS = 38

/** A call as the entry code needs it. */
export interface NumberedCall {
  readonly number: number
  readonly name: string
  readonly parameters: { readonly length: number }
}

export function countOf(calls: readonly NumberedCall[]): number {
  return Math.max(-1, ...calls.map(({ number }) => number)) + 1
}

/** Calls the function whose number is in EAX; RSP is a multiple of 16. */
export function dispatch(asm: Assembler, calls: readonly NumberedCall[], hasMitigations: boolean): void {
  const run = asm.label('run')
  const back = asm.label('back')
  asm.emit('cmp', eax, countOf(calls))
  asm.emit('jb', run)
  asm.emit('mov', rax, -ENOSYS)
  asm.emit('jmp', back)
  asm.bind(run)
  asm.emit('mov', eax, eax)
  asm.emit('mov', rcx, r10)
  const target = mem({ symbol: symbol('dispatch.table'), index: rax, scale: 8, size: 64 })
  if (hasMitigations) retpoline(asm, target)
  else asm.emit('call', target)
  asm.bind(back)
}

/** Caller-saved and not the result: they must not carry the kernel's values out. */
const scrubbed: readonly Register[] = [edi, esi, edx, r8d, r9d, r10d]

/** Clears what a caller in ring 3 must not see; `also`: what its way back does not overwrite. */
export function scrub(asm: Assembler, ...also: readonly Register[]): void {
  for (const register of [...scrubbed, ...also]) asm.emit('xor', register, register)
  for (const register of xmms) asm.emit('xorps', register, register)
}

/** A number that no call has. */
const missing = routine('dispatch.missing', (asm) => {
  asm.emit('mov', rax, -ENOSYS)
  asm.emit('ret')
})

/** The table of the kernel's functions by number. */
export function dispatchTable(calls: readonly NumberedCall[]): readonly Piece[] {
  const names = new Map(calls.map(({ number, name }) => [number, `kernel.checked_${name}`]))
  const rows = table('dispatch.table', (asm) => {
    for (let number = 0; number < countOf(calls); number++)
      asm.u64(symbol(names.get(number) ?? 'dispatch.missing'))
  })
  return [missing, rows]
}

/** The application's side of every way but `direct` and `lto`: one function for each call, by the name that the application imports. */
export function stubs(
  calls: readonly NumberedCall[],
  write: (asm: Assembler, call: NumberedCall) => void,
): readonly Piece[] {
  return calls.map((call) => routine(`kernel.${call.name}`, (asm) => write(asm, call)))
}
