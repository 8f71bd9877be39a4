/** An IPv4 address in host order: `10.0.2.15` is `0x0a00020f`. */
export type Ipv4 = number
/** An Ethernet address: `52:54:00:12:34:56` is `0x525400123456`. */
export type Mac = number
/** One end of a UDP or TCP conversation. */
export interface Endpoint {
  address: Ipv4
  port: number
}

export const MAC_BROADCAST: Mac = 0xffff_ffff_ffff
export const IPV4_ANY: Ipv4 = 0
export const IPV4_BROADCAST: Ipv4 = 0xffff_ffff

/** Parses a dotted quad; `null` when it is none. */
export function ipv4(text: string): Ipv4 | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return null
  return parts.reduce((value, part) => value * 256 + Number(part), 0)
}

/** `0x0a00020f` → `10.0.2.15`. */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** `0x525400123456` → `52:54:00:12:34:56`. */
export function formatMac(mac: Mac): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:')
}

/** The group bit of an Ethernet address: set in multicast and broadcast addresses. */
export function isGroupMac(mac: Mac): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1
}

/** The mask of a prefix of 0 to 32 bits. */
export function prefixMask(prefixLength: number): Ipv4 {
  return prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0
}

/** Whether `address` is in `network/prefixLength`. */
export function inNetwork(address: Ipv4, network: Ipv4, prefixLength: number): boolean {
  return ((address ^ network) & prefixMask(prefixLength)) === 0
}
