/** The host's end of the virtual wire: networks to plug in, and links that wrap links. */
export type { Link, Network } from './link.ts'
export { MAX_FRAME_BYTES } from './link.ts'
export { NetError, type NetErrorCode } from './errors.ts'
export {
  userNet,
  type BoundForward,
  type Forward,
  type UserLink,
  type UserNetLimits,
  type UserNetOptions,
  type UserNetStats,
} from './user/index.ts'
export { streamNet, type StreamLink, type StreamOptions, type StreamStats } from './stream.ts'
export { pcapLink, PcapFile, type PcapOptions } from './pcap.ts'
export { faultLink, parseFaults, type FaultOptions, type Faults, type FaultyLink } from './faults.ts'
