/** What the linker knows, as functions of module `image`; it defines the symbols `link.…`. */
import type { LinkMode, Way } from './link-mode.ts'
import { constantFunction, type Piece } from './piece.ts'

const names = [
  'textStart',
  'textEnd',
  'rodataStart',
  'rodataEnd',
  'imageStart',
  'imageEnd',
  'segments',
  'lineTable',
]

/** How calls come from ring 3, as `src/kernel/trap/descriptors.ts` numbers it; 0 where they do not. */
const trapKinds: ReadonlyMap<Way, number> = new Map([
  ['trap', 1],
  ['trap:int80', 2],
  ['trap:sysenter', 3],
  ['trap:gate', 4],
  ['trap:fred', 5],
])

/** In the order of the numbers of `src/kernel/mm/isolation.ts`. */
const isolations = ['none', 'kpti', 'kpti-nopcid']

/** What the kernel must know of the link mode; `src/kernel/lib/image.ts` declares it. */
export function image(mode: LinkMode, savedRbp: number): readonly Piece[] {
  return [
    ...names.map((name) => constantFunction(`image.${name}`, `link.${name}`)),
    constantFunction('image.userMode', mode.ring === 3 ? 1 : 0),
    constantFunction('image.hasOwnStack', mode.hasOwnStack ? 1 : 0),
    constantFunction('image.trapKind', trapKinds.get(mode.way) ?? 0),
    constantFunction('image.savedRsp', mode.way === 'trap:fred' ? 32 : 8),
    constantFunction('image.savedRbp', savedRbp),
    constantFunction('image.hasPageFaultStack', mode.faults === 'ist' ? 1 : 0),
    constantFunction('image.isolation', isolations.indexOf(mode.isolation)),
  ]
}
