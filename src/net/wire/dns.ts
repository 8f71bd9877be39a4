/** DNS messages (RFC 1035 §4.1), as much as a forwarder needs: the header, the first question, and an error reply. */
import { get16, put16 } from './bytes.ts'
import type { Parsed } from './parsed.ts'

export const DNS_PORT = 53
const HEADER_BYTES = 12
const RESPONSE = 0x8000
const OPCODE = 0x7800
const RECURSION_DESIRED = 0x0100
const RECURSION_AVAILABLE = 0x0080
const MAX_NAME_BYTES = 255
const MAX_LABEL_BYTES = 63

export const DNS_FORMAT_ERROR = 1
export const DNS_SERVER_FAILURE = 2
export const DNS_REFUSED = 5

export interface DnsMessage {
  id: number
  response: boolean
  /** 0 is a standard query. */
  opcode: number
  /** 0 is no error. */
  responseCode: number
  /** The first question as it stands in the message: name, type, class. */
  question: Uint8Array
}

export function parseDns(bytes: Uint8Array): Parsed<DnsMessage> {
  if (bytes.length < HEADER_BYTES) return 'dns: short'
  if (get16(bytes, 4) === 0) return 'dns: no question'
  const end = questionEnd(bytes)
  if (end < 0) return 'dns: question'
  const flags = get16(bytes, 2)
  return {
    id: get16(bytes, 0),
    response: (flags & RESPONSE) !== 0,
    opcode: (flags & OPCODE) >>> 11,
    responseCode: flags & 15,
    question: bytes.subarray(HEADER_BYTES, end),
  }
}

/** Where the first question ends, or -1. Its name is never compressed: there is nothing before it to point to. */
function questionEnd(bytes: Uint8Array): number {
  let at = HEADER_BYTES
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > MAX_LABEL_BYTES) return -1
    at += 1 + length
    if (at - HEADER_BYTES > MAX_NAME_BYTES) return -1
    if (length === 0) break
  }
  return at + 4 <= bytes.length ? at + 4 : -1
}

/** A copy of a message under another id. */
export function withDnsId(bytes: Uint8Array, id: number): Uint8Array {
  const copy = bytes.slice()
  put16(copy, 0, id)
  return copy
}

/** The reply that says that a query cannot be answered. */
export function emitDnsError(query: DnsMessage, queryBytes: Uint8Array, responseCode: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + query.question.length)
  put16(bytes, 0, query.id)
  const kept = get16(queryBytes, 2) & (OPCODE | RECURSION_DESIRED)
  put16(bytes, 2, RESPONSE | RECURSION_AVAILABLE | kept | responseCode)
  put16(bytes, 4, 1)
  bytes.set(query.question, HEADER_BYTES)
  return bytes
}
