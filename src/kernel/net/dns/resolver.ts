import { NetStack } from '../stack'
import { Timer } from '../core/timers'
import { UdpSocket } from '../udp/socket'
import { EAGAIN, EINVAL, ENAMEAGAIN, ENOBUFS, ENONAME } from '../errno'
import {
  DNS_NAME_MAXIMUM,
  DNS_PORT,
  DNS_QUERY_MAXIMUM,
  DnsAnswer,
  RCODE_NAME_ERROR,
  RCODE_OK,
  emitQuery,
  encodeName,
} from './codec'
import { parseAddress } from './address'

/** Called once for each query: `status` 0 and addresses (u32 each, host order), or a negative error. */
export type ResolveDone = (context: usize, status: i32, addresses: usize, count: u32) => void

const SERVERS_MAXIMUM: u32 = 3
const QUERIES_MAXIMUM: u32 = 64
const ALIASES_MAXIMUM: u32 = 8
const ROUNDS: u32 = 3
const TIMEOUT_NS: u64 = 2_000_000_000

/** A question under way. Each has a socket of its own: port and id must both be guessed to forge an answer (RFC 5452). */
@unmanaged
export class DnsQuery {
  next: DnsQuery | null = null
  resolver: Resolver
  done: ResolveDone
  context: usize
  socket: UdpSocket
  timer!: Timer
  id: u32 = 0
  name: usize
  nameLength: u32 = 0
  aliases: u32 = 0
  attempts: u32 = 0
  /** The server asked last. */
  server: u32 = 0

  constructor(resolver: Resolver, done: ResolveDone, context: usize) {
    this.resolver = resolver
    this.done = done
    this.context = context
    this.socket = resolver.stack.udpOpen()
    this.timer = new Timer(onTimeout, changetype<usize>(this))
    this.name = heap.alloc(DNS_NAME_MAXIMUM + 1)
    this.socket.hook = onDatagram
    this.socket.hookOwner = changetype<usize>(this)
  }
}

function onTimeout(owner: usize): void {
  const query = changetype<DnsQuery>(owner)
  query.resolver.ask(query)
}

function onDatagram(owner: usize, source: u32, sourcePort: u32, data: usize, length: u32): void {
  const query = changetype<DnsQuery>(owner)
  query.resolver.answered(query, source, sourcePort, data, length)
}

/** A stub resolver (RFC 1034 section 5.3.1): asks the servers in turn, three rounds, and follows aliases. */
@unmanaged
export class Resolver {
  stack: NetStack
  serverCount: u32 = 0
  private servers: usize
  private queries: DnsQuery | null = null
  private queryCount: u32 = 0
  private answer: DnsAnswer = new DnsAnswer()
  private message: usize

  constructor(stack: NetStack) {
    this.stack = stack
    this.servers = heap.alloc(SERVERS_MAXIMUM * 4)
    this.message = heap.alloc(DNS_QUERY_MAXIMUM)
  }

  /** Adds a server; up to three. 0 or -ENOBUFS. */
  addServer(address: u32): i32 {
    if (this.serverCount == SERVERS_MAXIMUM) return -ENOBUFS
    store<u32>(this.servers + this.serverCount++ * 4, address)
    return 0
  }

  clearServers(): void {
    this.serverCount = 0
  }

  resolve(name: usize, length: u32, done: ResolveDone, context: usize): DnsQuery | null {
    if (parseAddress(name, length, this.message)) {
      done(context, 0, this.message, 1)
      return null
    }
    if (this.serverCount == 0 || this.queryCount == QUERIES_MAXIMUM) {
      done(context, this.serverCount == 0 ? -ENAMEAGAIN : -EAGAIN, 0, 0)
      return null
    }
    const query = new DnsQuery(this, done, context)
    query.nameLength = encodeName(query.name, name, length)
    query.next = this.queries
    this.queries = query
    this.queryCount++
    if (query.nameLength == 0) {
      this.finish(query, -EINVAL, 0, 0)
      return null
    }
    this.ask(query)
    return query
  }

  /** Asks the next server, or gives up. */
  ask(query: DnsQuery): void {
    if (query.attempts >= ROUNDS * this.serverCount) {
      this.finish(query, -ENAMEAGAIN, 0, 0)
      return
    }
    const stack = this.stack
    const server = load<u32>(this.servers + (query.attempts % this.serverCount) * 4)
    query.attempts++
    query.server = server
    query.id = (stack.random() as u32) & 0xffff
    const length = emitQuery(this.message, query.id, query.name, query.nameLength)
    // A refused port of an earlier attempt is no reason not to send this one.
    query.socket.error = 0
    query.socket.sendTo(this.message, length, server, DNS_PORT)
    stack.timers.set(query.timer, stack.now() + TIMEOUT_NS)
  }

  /** A datagram for a query's socket: is it the answer? */
  answered(query: DnsQuery, source: u32, sourcePort: u32, data: usize, length: u32): void {
    if (source != query.server || sourcePort != DNS_PORT) return
    const answer = this.answer
    if (!answer.parse(data, length, query.name, query.nameLength) || answer.id != query.id) return
    if (answer.code == RCODE_NAME_ERROR) {
      this.finish(query, -ENONAME, 0, 0)
    } else if (answer.code != RCODE_OK) {
      this.ask(query)
    } else if (answer.count) {
      this.finish(query, 0, answer.addresses, answer.count)
    } else if (answer.truncated) {
      this.ask(query)
    } else if (
      answer.aliasLength != query.nameLength ||
      memory.compare(answer.alias, query.name, query.nameLength)
    ) {
      this.follow(query)
    } else {
      this.finish(query, -ENONAME, 0, 0)
    }
  }

  /** Ends a query without calling back. */
  cancel(query: DnsQuery): void {
    let before: DnsQuery | null = null
    for (let at: DnsQuery | null = this.queries; at && at != query; at = at!.next) before = at
    if (before) before.next = query.next
    else this.queries = query.next
    this.queryCount--
    this.stack.timers.cancel(query.timer)
    query.socket.close()
    heap.free(changetype<usize>(query.timer))
    heap.free(query.name)
    heap.free(changetype<usize>(query))
  }

  free(): void {
    for (let query: DnsQuery | null = this.queries; query; query = this.queries) this.cancel(query)
    this.answer.free()
    heap.free(this.servers)
    heap.free(this.message)
    heap.free(changetype<usize>(this))
  }

  private follow(query: DnsQuery): void {
    if (++query.aliases > ALIASES_MAXIMUM) {
      this.finish(query, -ENAMEAGAIN, 0, 0)
      return
    }
    memory.copy(query.name, this.answer.alias, this.answer.aliasLength)
    query.nameLength = this.answer.aliasLength
    query.attempts = 0
    this.ask(query)
  }

  private finish(query: DnsQuery, status: i32, addresses: usize, count: u32): void {
    const done = query.done
    const context = query.context
    this.cancel(query)
    done(context, status, addresses, count)
  }
}
