import { NetStack } from '../stack'
import { Interface } from '../interface'
import { EINVAL, ENOBUFS } from '../errno'
import { ADDRESS_BROADCAST, isLoopback, isMulticast, netmask } from './codec'

/** Where a datagram goes next: own addresses, links, then routes, the longest prefix first. */

const ROUTES_MAXIMUM: u32 = 64

@unmanaged
class Route {
  next: Route | null = null
  destination: u32
  prefixLength: u32
  gateway: u32
  nic: Interface

  constructor(destination: u32, prefixLength: u32, gateway: u32, nic: Interface) {
    this.destination = destination
    this.prefixLength = prefixLength
    this.gateway = gateway
    this.nic = nic
  }
}

@unmanaged
export class RouteTable {
  /** The result of the last successful `find`. */
  nic: Interface | null = null
  nextHop: u32 = 0

  private stack: NetStack
  /** Longest prefix first. */
  private routes: Route | null = null
  private count: u32 = 0

  constructor(stack: NetStack) {
    this.stack = stack
  }

  /** Looks up a destination; false if there is no way there. The result stands in `nic` and `nextHop`. */
  find(destination: u32): bool {
    this.nextHop = destination
    let onLink: Interface | null = null
    for (let nic: Interface | null = this.stack.interfaces; nic; nic = nic!.next) {
      if (nic.hasAddress(destination)) return this.toLoopback()
      if (!onLink && nic.addressFor(destination) != 0) onLink = nic
    }
    if (isLoopback(destination)) return this.toLoopback()
    if (onLink) {
      this.nic = onLink
      return true
    }
    for (let route: Route | null = this.routes; route; route = route!.next) {
      if (((route.destination ^ destination) & netmask(route.prefixLength)) == 0) {
        this.nic = route.nic
        if (route.gateway) this.nextHop = route.gateway
        return true
      }
    }
    if (destination == ADDRESS_BROADCAST || isMulticast(destination)) {
      for (let nic: Interface | null = this.stack.interfaces; nic; nic = nic!.next) {
        if (nic.loopback) continue
        this.nic = nic
        return true
      }
    }
    return false
  }

  /** The source address for a destination: that of the interface on the way, in the next hop's subnet if it has one there. */
  sourceFor(destination: u32): u32 {
    if (!this.find(destination)) return 0
    const nic = this.nic as Interface
    if (nic.loopback) return isLoopback(destination) ? nic.address : destination
    return nic.addressFor(this.nextHop) || nic.address
  }

  /** Adds or replaces a route; `gateway` 0 means that the destinations are on the link. */
  add(destination: u32, prefixLength: u32, gateway: u32, nic: Interface): i32 {
    if (prefixLength > 32) return -EINVAL
    const network = destination & netmask(prefixLength)
    this.remove(network, prefixLength)
    if (this.count == ROUTES_MAXIMUM) return -ENOBUFS
    const route = new Route(network, prefixLength, gateway, nic)
    let before: Route | null = null
    for (let at: Route | null = this.routes; at && at.prefixLength >= prefixLength; at = at!.next) before = at
    if (before) {
      route.next = before.next
      before.next = route
    } else {
      route.next = this.routes
      this.routes = route
    }
    this.count++
    return 0
  }

  /** Removes a route; -EINVAL if there is none. */
  remove(destination: u32, prefixLength: u32): i32 {
    const network = destination & netmask(prefixLength)
    let before: Route | null = null
    for (let at: Route | null = this.routes; at; at = at!.next) {
      if (at.destination == network && at.prefixLength == prefixLength) {
        if (before) before.next = at.next
        else this.routes = at.next
        heap.free(changetype<usize>(at))
        this.count--
        return 0
      }
      before = at
    }
    return -EINVAL
  }

  free(): void {
    for (let at: Route | null = this.routes; at;) {
      const next = at.next
      heap.free(changetype<usize>(at))
      at = next
    }
    heap.free(changetype<usize>(this))
  }

  private toLoopback(): bool {
    this.nic = this.stack.loopback
    return this.nic != null
  }
}
