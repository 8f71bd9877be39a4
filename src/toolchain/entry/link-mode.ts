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
] as const
export type Way = (typeof ways)[number]

export interface LinkMode {
  /** As on the command line. */
  readonly name: string
  readonly way: Way
  /** The application's ring. */
  readonly ring: 0 | 3
  /** Application and kernel have stacks of their own. */
  readonly hasOwnStack: boolean
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
}

function modeOf(way: Way): LinkMode {
  const ring = way.startsWith('trap') ? 3 : 0
  return { name: way, way, ring, hasOwnStack: ring === 3 || way === 'base' || way === 'bypass' }
}

const modes: ReadonlyMap<string, LinkMode> = new Map(ways.map((way) => [way, modeOf(way)]))

/** Every link mode by name. */
export const linkModes: readonly string[] = [...modes.keys()]

/** What a mode is, in a few words. */
export function describeLinkMode({ way }: LinkMode): string {
  return described[way]
}

/** The mode of that name, or undefined. */
export function findLinkMode(name: string): LinkMode | undefined {
  return modes.get(name)
}
