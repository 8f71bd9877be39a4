import {
  faultLink,
  parseFaults,
  pcapLink,
  streamNet,
  userNet,
  type Link,
  type Network,
} from '../net/index.ts'
import { UsageError } from './errors.ts'
import type { Forward } from './options.ts'

export interface NetworkFlags {
  /** `user`, `none` or `stream:SOCKET`. */
  net: string
  forwards: readonly Forward[]
  /** Hosts' own services at 10.0.2.2 are open to the guest. */
  hostLoopback: boolean
  /** File for a capture of every frame as the guest sent and received it. */
  pcap?: string
  /** What happens to frames, in both directions: `loss=5%,delay=2ms`. */
  faults?: string
  seed: number
}

function baseNetwork(flags: NetworkFlags): Network | null {
  const { net, forwards } = flags
  if (net === 'user') return userNet({ forward: forwards, hostLoopback: flags.hostLoopback })
  if (forwards.length > 0) throw new UsageError(`-p needs the user network; leave out --net ${net}, or -p`)
  if (net === 'none') return null
  if (net.startsWith('stream:')) return streamNet(net.slice('stream:'.length))
  throw new UsageError(`--net ${net}: unknown; choose user, none or stream:SOCKET`)
}

/** The network of the command line: the capture stands next to the guest, the faults behind it. */
export function createNetwork(flags: NetworkFlags): Network | null {
  const base = baseNetwork(flags)
  const faults = flags.faults === undefined ? null : parseFaults(flags.faults)
  if (base === null) return null
  return {
    async open(): Promise<Link> {
      let link: Link = await base.open()
      if (faults) link = faultLink(link, { seed: flags.seed, toGuest: faults, toNetwork: faults })
      return flags.pcap === undefined ? link : pcapLink(link, flags.pcap)
    },
  }
}
