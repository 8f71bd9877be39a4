/** DHCP messages (RFC 2131) with the options a small network uses (RFC 2132); others are skipped. */
import type { Ipv4, Mac } from './address.ts'
import { concat, get16, get32, get48, put16, put32, put48 } from './bytes.ts'
import { isMalformed, type Parsed } from './parsed.ts'

export const DHCP_SERVER_PORT = 67
export const DHCP_CLIENT_PORT = 68

const FIXED_BYTES = 236
/** Some clients still want a reply as long as BOOTP's (RFC 1542 §2.1). */
const MIN_MESSAGE_BYTES = 300
const MAGIC_COOKIE = 0x6382_5363
const HARDWARE_ETHERNET = 1
const BROADCAST_FLAG = 0x8000
const [OPTION_PAD, OPTION_MESSAGE_TYPE, OPTION_OVERLOAD, OPTION_END] = [0, 53, 52, 255]

const messageTypes = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const
export type DhcpMessageType = (typeof messageTypes)[number]

export interface DhcpOptions {
  subnetMask?: Ipv4
  routers?: Ipv4[]
  dnsServers?: Ipv4[]
  hostName?: string
  domainName?: string
  interfaceMtu?: number
  requestedAddress?: Ipv4
  leaseSeconds?: number
  serverIdentifier?: Ipv4
  /** The server's reason for a `nak`. */
  message?: string
  maxMessageBytes?: number
  renewalSeconds?: number
  rebindingSeconds?: number
  /** What a network boot loads: a URI, or a name on the server. */
  bootFile?: string
}

export interface DhcpMessage {
  type: DhcpMessageType
  fromServer: boolean
  transaction: number
  secondsElapsed: number
  /** The client cannot yet receive unicast. */
  broadcast: boolean
  clientAddress: Ipv4
  yourAddress: Ipv4
  serverAddress: Ipv4
  relayAddress: Ipv4
  clientMac: Mac
  options: DhcpOptions
}

type Kind = 'address' | 'addresses' | 'text' | 'u16' | 'u32'
const optionTable: readonly (readonly [code: number, name: keyof DhcpOptions, kind: Kind])[] = [
  [1, 'subnetMask', 'address'],
  [3, 'routers', 'addresses'],
  [6, 'dnsServers', 'addresses'],
  [12, 'hostName', 'text'],
  [15, 'domainName', 'text'],
  [26, 'interfaceMtu', 'u16'],
  [50, 'requestedAddress', 'address'],
  [51, 'leaseSeconds', 'u32'],
  [54, 'serverIdentifier', 'address'],
  [56, 'message', 'text'],
  [57, 'maxMessageBytes', 'u16'],
  [58, 'renewalSeconds', 'u32'],
  [59, 'rebindingSeconds', 'u32'],
  [67, 'bootFile', 'text'],
]

export function parseDhcp(bytes: Uint8Array): Parsed<DhcpMessage> {
  if (bytes.length < FIXED_BYTES + 4) return 'dhcp: short'
  if (bytes[0] !== 1 && bytes[0] !== 2) return 'dhcp: operation'
  if (bytes[1] !== HARDWARE_ETHERNET || bytes[2] !== 6) return 'dhcp: not Ethernet'
  if (get32(bytes, FIXED_BYTES) !== MAGIC_COOKIE) return 'dhcp: cookie'
  const raw = collectOptions(bytes)
  if (isMalformed(raw)) return raw
  const type = messageTypes[(raw.get(OPTION_MESSAGE_TYPE)?.[0] ?? 0) - 1]
  if (type === undefined) return 'dhcp: message type'
  const options: DhcpOptions = {}
  for (const [code, name, kind] of optionTable) {
    const value = raw.get(code)
    if (value !== undefined && !readOption(options, name, kind, value)) return 'dhcp: option length'
  }
  return {
    type,
    fromServer: bytes[0] === 2,
    transaction: get32(bytes, 4),
    secondsElapsed: get16(bytes, 8),
    broadcast: (get16(bytes, 10) & BROADCAST_FLAG) !== 0,
    clientAddress: get32(bytes, 12),
    yourAddress: get32(bytes, 16),
    serverAddress: get32(bytes, 20),
    relayAddress: get32(bytes, 24),
    clientMac: get48(bytes, 28),
    options,
  }
}

/** Options by code; those that come in pieces are joined (RFC 3396), `file` and `sname` count when overloaded. */
function collectOptions(bytes: Uint8Array): Parsed<Map<number, Uint8Array>> {
  const options = new Map<number, Uint8Array>()
  if (!collectFrom(bytes.subarray(FIXED_BYTES + 4), options)) return 'dhcp: option truncated'
  const overload = options.get(OPTION_OVERLOAD)?.[0] ?? 0
  const fields = [
    overload & 1 ? bytes.subarray(108, 236) : null,
    overload & 2 ? bytes.subarray(44, 108) : null,
  ]
  for (const field of fields) if (field && !collectFrom(field, options)) return 'dhcp: option truncated'
  return options
}

function collectFrom(field: Uint8Array, options: Map<number, Uint8Array>): boolean {
  for (let at = 0; at < field.length && field[at] !== OPTION_END;) {
    const code = field[at++]!
    if (code === OPTION_PAD) continue
    const length = field[at++]
    if (length === undefined || at + length > field.length) return false
    const value = field.subarray(at, at + length)
    const before = options.get(code)
    options.set(code, before ? concat(before, value) : value)
    at += length
  }
  return true
}

function readOption(options: DhcpOptions, name: keyof DhcpOptions, kind: Kind, value: Uint8Array): boolean {
  const into = options as Record<string, unknown>
  switch (kind) {
    case 'address':
    case 'u32':
      if (value.length !== 4) return false
      into[name] = get32(value, 0)
      return true
    case 'u16':
      if (value.length !== 2) return false
      into[name] = get16(value, 0)
      return true
    case 'addresses':
      if (value.length === 0 || value.length % 4 !== 0) return false
      into[name] = Array.from({ length: value.length / 4 }, (_, i) => get32(value, i * 4))
      return true
    case 'text':
      into[name] = new TextDecoder().decode(value).replace(/\0+$/, '')
      return true
  }
}

export function emitDhcp(message: DhcpMessage): Uint8Array {
  const fixed = new Uint8Array(FIXED_BYTES + 4)
  fixed[0] = message.fromServer ? 2 : 1
  fixed[1] = HARDWARE_ETHERNET
  fixed[2] = 6
  put32(fixed, 4, message.transaction)
  put16(fixed, 8, message.secondsElapsed)
  put16(fixed, 10, message.broadcast ? BROADCAST_FLAG : 0)
  put32(fixed, 12, message.clientAddress)
  put32(fixed, 16, message.yourAddress)
  put32(fixed, 20, message.serverAddress)
  put32(fixed, 24, message.relayAddress)
  put48(fixed, 28, message.clientMac)
  put32(fixed, FIXED_BYTES, MAGIC_COOKIE)
  const options: Uint8Array[] = [
    Uint8Array.of(OPTION_MESSAGE_TYPE, 1, messageTypes.indexOf(message.type) + 1),
  ]
  for (const [code, name, kind] of optionTable) {
    const value = message.options[name]
    if (value !== undefined) options.push(...emitOption(code, optionBytes(kind, value)))
  }
  options.push(Uint8Array.of(OPTION_END))
  const bytes = concat(fixed, ...options)
  const padding = new Uint8Array(Math.max(0, MIN_MESSAGE_BYTES - bytes.length))
  return concat(bytes, padding)
}

function optionBytes(kind: Kind, value: number | string | number[]): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value)
  const numbers = Array.isArray(value) ? value : [value]
  const width = kind === 'u16' ? 2 : 4
  const bytes = new Uint8Array(numbers.length * width)
  for (const [i, number] of numbers.entries())
    if (width === 2) put16(bytes, i * 2, number)
    else put32(bytes, i * 4, number)
  return bytes
}

/** One option, in pieces of at most 255 bytes (RFC 3396). */
function emitOption(code: number, value: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < value.length; at += 255) {
    const piece = value.subarray(at, at + 255)
    pieces.push(Uint8Array.of(code, piece.length), piece)
  }
  return pieces
}
