/** Break- and watchpoints as gdb sets them: packets Z and z. */
import type { DebugPoint } from '../../cpu/debug-points.ts'
import type { Halt, Target } from '../target.ts'
import { INVALID, NO_ROOM, OK, parseRange } from './answers.ts'

/** What gdb wants to hear of a kind of point: Z0 … Z4. */
const KINDS: readonly { on: DebugPoint['on']; reply: string }[] = [
  { on: 'execute', reply: 'swbreak' },
  { on: 'execute', reply: 'hwbreak' },
  { on: 'write', reply: 'watch' },
  { on: 'read', reply: 'rwatch' },
  { on: 'access', reply: 'awatch' },
]
const MAX_BYTES = 4096

interface Point extends DebugPoint {
  readonly kind: number
}

export class Points {
  readonly #target: Target
  #points: readonly Point[] = []
  /** Whether gdb understands that it met a breakpoint; watchpoints are always told. */
  tellsBreakpoints = false

  constructor(target: Target) {
    this.#target = target
  }

  clear(): void {
    this.#points = []
    this.#target.setPoints([])
  }

  /** Z or z: `kind,address,length`, and conditions that are not looked at. */
  change(isSet: boolean, rest: string): string {
    const [head = ''] = rest.split(';')
    const [kindText = '', ...place] = head.split(',')
    const kind = Number(kindText)
    const on = KINDS[kind]?.on
    if (on === undefined) return ''
    const range = parseRange(place.join(','))
    if (range === null) return INVALID
    const bytes = on === 'execute' ? 1 : range.length
    if (bytes < 1 || bytes > MAX_BYTES) return INVALID
    const point: Point = { address: range.address, bytes, on, kind }
    const others = this.#points.filter(
      (other) => other.kind !== kind || other.address !== point.address || other.bytes !== bytes,
    )
    const points = isSet ? [...others, point] : others
    try {
      this.#target.setPoints(points)
    } catch {
      return NO_ROOM
    }
    this.#points = points
    return OK
  }

  isBreakpoint(rip: bigint): boolean {
    return this.#points.some(({ on, address }) => on === 'execute' && address === rip)
  }

  /** What a stop reply says of the point that was met; nothing when there is none. */
  reason({ why, point }: Halt): string {
    const met = this.#points.find(({ on, address }) =>
      why === 'watchpoint'
        ? on === point?.on && address === point.address
        : why === 'breakpoint' && on === 'execute' && address === this.#target.computer.cpu.rip,
    )
    if (met === undefined) return ''
    const { reply } = KINDS[met.kind]!
    if (why === 'watchpoint') return `${reply}:${met.address.toString(16)};`
    return this.tellsBreakpoints ? `${reply}:;` : ''
  }
}
