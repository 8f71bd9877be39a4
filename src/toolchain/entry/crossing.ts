/** What a link mode adds to every crossing between the rings, whatever the instruction. */
export interface Crossing {
  /** Page tables of the application's own, in which little more of the kernel is mapped than this code (KPTI). */
  readonly isIsolated: boolean
  /** Barriers against speculation across the border. */
  readonly hasMitigations: boolean
}
