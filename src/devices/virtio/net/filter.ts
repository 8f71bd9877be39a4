/** Which received frames the driver wants (virtio 1.2, 5.1.6.5.1 and 5.1.6.5.2). */

/** Addresses remembered in each table; a longer table switches to accepting all of its kind. */
const MAX_ADDRESSES = 64
const ADDRESS_BYTES = 6

/** Commands of class VIRTIO_NET_CTRL_RX, by number. */
const MODES = [
  'promiscuous',
  'allMulticast',
  'allUnicast',
  'noMulticast',
  'noUnicast',
  'noBroadcast',
] as const
type Mode = (typeof MODES)[number]

export interface FilterState {
  modes: Record<Mode, boolean>
  mac: Uint8Array
  unicast: string[]
  multicast: string[]
}

export class ReceiveFilter {
  #state: FilterState
  readonly #permanentMac: Uint8Array

  constructor(mac: Uint8Array) {
    this.#permanentMac = mac.slice()
    this.#state = initialState(mac)
  }

  get mac(): Uint8Array {
    return this.#state.mac
  }

  setMac(mac: Uint8Array): void {
    this.#state.mac = mac.slice(0, ADDRESS_BYTES)
  }

  /** VIRTIO_NET_CTRL_RX; false when there is no such command. */
  setMode(command: number, on: boolean): boolean {
    const mode = MODES[command]
    if (mode === undefined) return false
    this.#state.modes[mode] = on
    return true
  }

  /** VIRTIO_NET_CTRL_MAC_TABLE_SET: two tables, each a count and addresses. False when `data` does not hold them. */
  setTables(data: Uint8Array): boolean {
    const unicast = parseTable(data, 0)
    const multicast = unicast && parseTable(data, unicast.end)
    if (!unicast || !multicast || multicast.end !== data.length) return false
    this.#state.unicast = unicast.addresses
    this.#state.multicast = multicast.addresses
    this.#state.modes.allUnicast ||= unicast.isTooLong
    this.#state.modes.allMulticast ||= multicast.isTooLong
    return true
  }

  accepts(frame: Uint8Array): boolean {
    const { modes, unicast, multicast, mac } = this.#state
    if (modes.promiscuous) return true
    if (frame[0]! & 1) {
      if (isBroadcast(frame)) return !modes.noBroadcast
      if (modes.noMulticast) return false
      // A driver that never sets a table sees all multicast, as from a card without a filter.
      return modes.allMulticast || multicast.length === 0 || multicast.includes(key(frame, 0))
    }
    if (modes.noUnicast) return false
    return modes.allUnicast || isEqual(frame, mac) || unicast.includes(key(frame, 0))
  }

  reset(): void {
    this.#state = initialState(this.#permanentMac)
  }

  save(): FilterState {
    return structuredClone(this.#state)
  }

  load(state: FilterState): void {
    this.#state = structuredClone(state)
  }
}

function initialState(mac: Uint8Array): FilterState {
  const modes = Object.fromEntries(MODES.map((mode) => [mode, false])) as Record<Mode, boolean>
  return { modes, mac: mac.slice(), unicast: [], multicast: [] }
}

function parseTable(
  data: Uint8Array,
  start: number,
): { addresses: string[]; isTooLong: boolean; end: number } | null {
  if (start + 4 > data.length) return null
  const count = new DataView(data.buffer, data.byteOffset).getUint32(start, true)
  const end = start + 4 + ADDRESS_BYTES * count
  if (end > data.length) return null
  const kept = Math.min(count, MAX_ADDRESSES)
  const addresses = Array.from({ length: kept }, (_, i) => key(data, start + 4 + ADDRESS_BYTES * i))
  return { addresses, isTooLong: count > MAX_ADDRESSES, end }
}

function key(bytes: Uint8Array, at: number): string {
  return bytes.subarray(at, at + ADDRESS_BYTES).join()
}

function isBroadcast(frame: Uint8Array): boolean {
  for (let i = 0; i < ADDRESS_BYTES; i++) if (frame[i] !== 0xff) return false
  return true
}

function isEqual(frame: Uint8Array, mac: Uint8Array): boolean {
  for (let i = 0; i < ADDRESS_BYTES; i++) if (frame[i] !== mac[i]) return false
  return true
}
