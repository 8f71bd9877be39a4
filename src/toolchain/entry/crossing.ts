import type { Memory } from '../../isa/index.ts'

/** What a link mode adds to every crossing between the rings, whatever the instruction. */
export interface Crossing {
  /** Every way in from ring 3 has an exchange of GS bases, and every way out: in software, or with FRED by the processor. */
  readonly usesGs: boolean
  /** A word of the processor's block, as this mode reaches it: through GS, or by its address. */
  readonly block: (offset: number) => Memory
  /** Page tables of the application's own, in which little more of the kernel is mapped than this code (KPTI). */
  readonly isIsolated: boolean
  /** Barriers against speculation across the border. */
  readonly hasMitigations: boolean
}
