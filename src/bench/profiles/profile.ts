/**
 * A cycle model: what a microarchitecture is taken to need for what the machine counts. Modelled cycles are arithmetic on exact counts, not
 * measurements; every number names its source or says that it is an assumption.
 */

export interface Cost {
  readonly cycles: number
  readonly source: string
  /** Nobody has measured it, or not by itself: change it and see what follows. */
  readonly isAssumed?: true
}

/** Which part of an operation a cost belongs to. The rest, ordinary instructions, is software. */
export type Part = 'transition' | 'mitigation' | 'software'

/** Ordinary instructions that were measured as a whole, because one by one they would not cost what they do together. */
export const sequences = ['return-stack-fill', 'retpoline'] as const
export type Sequence = (typeof sequences)[number]

export interface Profile {
  readonly name: string
  readonly title: string
  /** For each retired instruction that has no cost of its own. */
  readonly ordinary: Cost
  /** By the names of `src/cpu/counter-names.ts`; what is not here costs as much as an ordinary instruction. */
  readonly events: Readonly<Record<string, Cost>>
  /** Each, with all its instructions. */
  readonly sequences: Readonly<Record<Sequence, Cost>>
}

export function measured(cycles: number, source: string): Cost {
  return { cycles, source }
}

export function assumed(cycles: number, source: string): Cost {
  return { cycles, source, isAssumed: true }
}

/** Events that lead into the kernel when the application asks for it. */
export const entries: readonly string[] = [
  'syscall',
  'sysenter',
  'software-interrupt',
  'far-call',
  'fred-event',
]
const transitions = new Set([
  ...entries,
  'sysret',
  'sysexit',
  'exception',
  'interrupt',
  'iret',
  'far-return',
  'eretu',
  'erets',
])
const mitigations = new Set(['cr3-flush', 'cr3-keep', 'verw', 'fence', 'invpcid'])

/** The part that an event of that name belongs to. */
export function partOf(event: string): Part {
  if (transitions.has(event)) return 'transition'
  return mitigations.has(event) ? 'mitigation' : 'software'
}

/** Events that are no instructions of their own: their cost is added without taking an instruction's away. */
const notInstructions = new Set(['exception', 'interrupt', 'string-bytes', 'fred-event'])

export function isInstruction(event: string): boolean {
  return !notInstructions.has(event)
}
