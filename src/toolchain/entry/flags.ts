/** RFLAGS on the way into the kernel. */
import { type Assembler, mem, rsp } from '../../isa/index.ts'

export const RFLAGS_IF = 1 << 9
const RFLAGS_AC = 1 << 18

/** The caller may have set AC, which would suspend SMAP. */
export function clearAlignmentCheck(asm: Assembler): void {
  asm.emit('pushfq')
  asm.emit('and', mem({ base: rsp, size: 32 }), ~RFLAGS_AC)
  asm.emit('popfq')
}

/** Only bit 1, which is always set: interrupts, DF, TF, NT and AC off. */
export const CLEAR_FLAGS = 2
/** The same with interrupts on. */
export const INTERRUPTS_ON = 0x202
