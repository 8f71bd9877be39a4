/** Feature bits of the network device that we implement (virtio 1.2, 5.1.3). */
export const CSUM: bigint = 1n << 0n
export const GUEST_CSUM: bigint = 1n << 1n
export const MTU: bigint = 1n << 3n
export const MAC: bigint = 1n << 5n
export const HOST_TSO4: bigint = 1n << 11n
export const HOST_TSO6: bigint = 1n << 12n
export const HOST_ECN: bigint = 1n << 13n
export const MRG_RXBUF: bigint = 1n << 15n
export const STATUS: bigint = 1n << 16n
export const CTRL_VQ: bigint = 1n << 17n
export const CTRL_RX: bigint = 1n << 18n
export const MQ: bigint = 1n << 22n
export const CTRL_MAC_ADDR: bigint = 1n << 23n

export const NET_FEATURES: bigint =
  CSUM |
  GUEST_CSUM |
  MTU |
  MAC |
  HOST_TSO4 |
  HOST_TSO6 |
  HOST_ECN |
  MRG_RXBUF |
  STATUS |
  CTRL_VQ |
  CTRL_RX |
  MQ |
  CTRL_MAC_ADDR

/** What a feature cannot do without (5.1.3.1). */
const REQUIRES: readonly (readonly [feature: bigint, required: bigint])[] = [
  [HOST_TSO4, CSUM],
  [HOST_TSO6, CSUM],
  [CTRL_RX, CTRL_VQ],
  [MQ, CTRL_VQ],
  [CTRL_MAC_ADDR, CTRL_VQ],
]

/** Whether every chosen feature comes with what it needs. */
export function areConsistent(features: bigint): boolean {
  const isMissing = REQUIRES.some(([feature, required]) => features & feature && !(features & required))
  const hasEcnAlone = features & HOST_ECN && !(features & (HOST_TSO4 | HOST_TSO6))
  return !isMissing && !hasEcnAlone
}
