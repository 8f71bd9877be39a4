/** Segment selectors (the GDT is in `src/kernel/trap/descriptors.ts`) and the loading of segment registers. */
import { ds, eax, ax, es, fs, gs, rax, ss, symbol } from '../../isa/index.ts'
import { type Piece, routine } from './piece.ts'

export const kernelCode = 0x08
export const kernelData = 0x10
export const userData = 0x20
export const userCode = 0x28
/** A 64-bit call gate to the kernel, for ring 3. */
export const callGate = 0x48

/** DS, ES, SS, FS and GS. In 64-bit mode only the bases of FS and GS matter, and those are set through MSRs. */
const data = routine('entry.reloadDataSegments', (asm) => {
  asm.emit('mov', eax, kernelData)
  for (const register of [ds, es, ss, fs, gs]) asm.emit('mov', register, ax)
  asm.emit('ret')
})

/** CS can be loaded only by a far transfer: here a far return. */
const all = routine('entry.reloadSegments', (asm) => {
  asm.emit('call', symbol('entry.reloadDataSegments'))
  asm.emit('pop', rax)
  asm.emit('push', kernelCode)
  asm.emit('push', rax)
  asm.emit('retfq')
})

export const segments: readonly Piece[] = [data, all]
