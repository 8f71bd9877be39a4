import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { getServers } from 'node:dns'
import type { Counters } from '../counters.ts'
import {
  DNS_FORMAT_ERROR,
  DNS_REFUSED,
  DNS_SERVER_FAILURE,
  emitDnsError,
  parseDns,
  withDnsId,
  type DnsMessage,
} from '../wire/dns.ts'
import { isMalformed } from '../wire/parsed.ts'
import { parseResolver, type ResolverEndpoint, type UserNetLimits, type UserNetOptions } from './options.ts'

interface Query {
  message: DnsMessage
  bytes: Uint8Array
  reply: (answer: Uint8Array) => void
  socket: Socket | null
  timer: ReturnType<typeof setTimeout> | null
}

/**
 * Passes the guest's name queries on to the host's name servers, one after the other until one answers. Each attempt
 * has a socket and an id of its own, so that an answer cannot be guessed (RFC 5452).
 */
export class DnsForwarder {
  readonly #counters: Counters
  readonly #options: UserNetOptions
  readonly #limits: UserNetLimits
  readonly #pending = new Map<string, Query>()

  constructor(options: UserNetOptions, counters: Counters, limits: UserNetLimits) {
    this.#options = options
    this.#counters = counters
    this.#limits = limits
  }

  /** The servers to ask, the preferred first. */
  resolvers(): ResolverEndpoint[] {
    const texts = this.#options.resolvers ?? getServers()
    return texts.map(parseResolver).filter((endpoint) => endpoint !== null)
  }

  /** Answers a query by `reply`, now or later, or never when it is no query. `from` names who asks. */
  query(bytes: Uint8Array, from: string, reply: (answer: Uint8Array) => void): void {
    const message = parseDns(bytes)
    if (isMalformed(message)) return this.#counters.add(message)
    if (message.response) return this.#counters.add('dns: not a query')
    if (message.opcode !== 0) return reply(emitDnsError(message, bytes, DNS_FORMAT_ERROR))
    if (this.#options.outbound === false) return reply(emitDnsError(message, bytes, DNS_REFUSED))
    const key = `${from} ${message.id}`
    if (this.#pending.has(key)) return this.#counters.add('dns: repeated')
    if (this.#pending.size >= this.#limits.dnsQueries) {
      this.#counters.add('dns: too many queries')
      return reply(emitDnsError(message, bytes, DNS_SERVER_FAILURE))
    }
    const query: Query = { message, bytes, reply, socket: null, timer: null }
    this.#pending.set(key, query)
    this.#ask(key, query, this.resolvers())
  }

  close(): void {
    for (const [key, query] of this.#pending) this.#finish(key, query, null)
  }

  #ask(key: string, query: Query, servers: ResolverEndpoint[]): void {
    release(query)
    const [server, ...rest] = servers
    if (server === undefined) {
      this.#counters.add('dns: no answer')
      return this.#finish(key, query, emitDnsError(query.message, query.bytes, DNS_SERVER_FAILURE))
    }
    const id = randomInt(0x10000)
    const socket = createSocket(isIPv6(server.address.replace(/%.*/, '')) ? 'udp6' : 'udp4')
    const tryNext = (): void => {
      if (query.socket === socket) this.#ask(key, query, rest)
    }
    query.socket = socket
    query.timer = setTimeout(tryNext, this.#limits.dnsTimeoutMs)
    socket.on('error', tryNext)
    socket.on('connect', () => socket.send(withDnsId(query.bytes, id), (error) => error && tryNext()))
    socket.on('message', (bytes) => {
      const answer = parseDns(bytes)
      if (isMalformed(answer) || !answer.response || answer.id !== id || !sameBytes(answer, query.message))
        return this.#counters.add('dns: foreign answer')
      this.#finish(key, query, withDnsId(bytes, query.message.id))
    })
    socket.connect(server.port, server.address)
  }

  #finish(key: string, query: Query, answer: Uint8Array | null): void {
    release(query)
    this.#pending.delete(key)
    if (answer !== null) query.reply(answer)
  }
}

function release(query: Query): void {
  if (query.timer !== null) clearTimeout(query.timer)
  query.socket?.close()
  query.socket = null
  query.timer = null
}

function sameBytes(a: DnsMessage, b: DnsMessage): boolean {
  return Buffer.compare(a.question, b.question) === 0
}
