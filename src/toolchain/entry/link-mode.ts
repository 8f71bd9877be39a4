/** How an application reaches the kernel: the spectrum between a trap and an inlined call, as data. */

/** From the cheapest to the dearest. */
export const ways = [
  'lto',
  'direct',
  'same-stack',
  'bypass',
  'base',
  'trap',
  'trap:int80',
  'trap:sysenter',
  'trap:gate',
  'trap:fred',
] as const
export type Way = (typeof ways)[number]

/** Page tables of the application's own (KPTI): with process-context identifiers where the processor has them, or always flushing. */
export type Isolation = 'none' | 'kpti' | 'kpti-nopcid'

/**
 * How page faults on a stack that has to grow are taken where the application runs in the kernel's ring, so that the processor pushes their frame onto
 * that very stack: it cannot, and raises #DF, which has a stack of its own (`double`); #PF itself has one (`ist`); as the first, and back by RET instead
 * of IRET (`ret`). Behind a trap there is another stack anyway.
 */
export const faultStrategies = ['double', 'ist', 'ret'] as const
export type Faults = (typeof faultStrategies)[number]

export interface LinkMode {
  /** As on the command line. */
  readonly name: string
  readonly way: Way
  /** The application's ring. */
  readonly ring: 0 | 3
  /** Application and kernel have stacks of their own. */
  readonly hasOwnStack: boolean
  readonly isolation: Isolation
  readonly faults: Faults
  /** Barriers against speculation on every way in and out. */
  readonly hasMitigations: boolean
}

const described: Readonly<Record<Way, string>> = {
  lto: 'ring 0; compiled together with the kernel, which may be inlined',
  direct: 'ring 0; a call that the linker bound to the function',
  'same-stack': 'ring 0; a call through the table of functions',
  bypass: "ring 0; a call on the kernel's stack",
  base: 'ring 0; a call of the whole entry path',
  trap: 'ring 3; SYSCALL',
  'trap:int80': 'ring 3; INT 0x80',
  'trap:sysenter': 'ring 3; SYSENTER',
  'trap:gate': 'ring 3; a far call through a call gate',
  'trap:fred': 'ring 3; SYSCALL as an event of FRED',
}

function modeOf(way: Way, isolation: Isolation, hasMitigations: boolean, faults: Faults): LinkMode {
  const ring = way.startsWith('trap') ? 3 : 0
  const name = [
    way,
    ...(faults === 'double' ? [] : [`pf-${faults}`]),
    ...(isolation === 'none' ? [] : [isolation]),
    ...(hasMitigations ? ['mitigations'] : []),
  ].join('+')
  const hasOwnStack = ring === 3 || way === 'base' || way === 'bypass'
  return { name, way, ring, hasOwnStack, isolation, faults, hasMitigations }
}

function modesOf(way: Way): LinkMode[] {
  if (!way.startsWith('trap')) return faultStrategies.map((faults) => modeOf(way, 'none', false, faults))
  return [false, true].flatMap((on) =>
    (['none', 'kpti', 'kpti-nopcid'] as const).map((isolation) => modeOf(way, isolation, on, 'double')),
  )
}

const modes: ReadonlyMap<string, LinkMode> = new Map(ways.flatMap(modesOf).map((mode) => [mode.name, mode]))

/** Every link mode by name. */
export const linkModes: readonly string[] = [...modes.keys()]

const describedFaults: Readonly<Record<Faults, string>> = {
  double: '',
  ist: ', page faults on a stack of their own',
  ret: ', back from interrupts by RET',
}

/** What a mode is, in a few words. */
export function describeLinkMode({ way, isolation, faults, hasMitigations }: LinkMode): string {
  const more =
    isolation === 'kpti' ? ', own page tables' : isolation === 'none' ? '' : ', own page tables without PCIDs'
  return `${described[way]}${more}${hasMitigations ? ', mitigations' : ''}${describedFaults[faults]}`
}

/** The mode of that name, or undefined. */
export function findLinkMode(name: string): LinkMode | undefined {
  return modes.get(name)
}
