import { read16, read32, write16, write32 } from '../core/bytes'

/** DNS messages (RFC 1035 section 4), as far as looking up addresses needs them; EDNS(0) of RFC 6891 in queries. */

export const DNS_PORT: u32 = 53
export const DNS_NAME_MAXIMUM: u32 = 255
export const DNS_QUERY_MAXIMUM: u32 = 12 + DNS_NAME_MAXIMUM + 4 + 11

const HEADER: u32 = 12
const TYPE_A: u32 = 1
const TYPE_CNAME: u32 = 5
const TYPE_OPT: u32 = 41
const CLASS_IN: u32 = 1
const LABEL_MAXIMUM: u32 = 63
const POINTERS_MAXIMUM: u32 = 32
/** What fits any path without fragments (RFC 9715). */
const PAYLOAD_MAXIMUM: u32 = 1232

export const RCODE_OK: u32 = 0
export const RCODE_NAME_ERROR: u32 = 3

/** Turns a dotted name into labels at `target` (room for 255 bytes); their length, or 0 if the name is not legal. */
export function encodeName(target: usize, name: usize, length: u32): u32 {
  let end = length
  if (end > 0 && load<u8>(name + end - 1) == 46) end--
  if (end == 0 || end + 2 > DNS_NAME_MAXIMUM) return 0
  let label: u32 = 0
  for (let index: u32 = 0; index < end; index++) {
    const char = load<u8>(name + index) as u32
    if (char == 46) {
      if (label == 0) return 0
      store<u8>(target + index - label, label as u8)
      label = 0
      continue
    }
    if (char <= 32 || char >= 127 || label == LABEL_MAXIMUM) return 0
    // Upper case becomes lower case, so that names compare byte by byte.
    store<u8>(target + index + 1, (char >= 65 && char <= 90 ? char + 32 : char) as u8)
    label++
  }
  if (label == 0) return 0
  store<u8>(target + end - label, label as u8)
  store<u8>(target + end + 1, 0)
  return end + 2
}

/** Writes a query for the A records of an encoded name; its length. */
export function emitQuery(message: usize, id: u32, name: usize, nameLength: u32): u32 {
  write16(message, id)
  write16(message + 2, 0x0100) // recursion desired
  write16(message + 4, 1)
  write16(message + 6, 0)
  write16(message + 8, 0)
  write16(message + 10, 1)
  memory.copy(message + HEADER, name, nameLength)
  let at = message + HEADER + nameLength
  write16(at, TYPE_A)
  write16(at + 2, CLASS_IN)
  at += 4
  store<u8>(at, 0)
  write16(at + 1, TYPE_OPT)
  write16(at + 3, PAYLOAD_MAXIMUM)
  write32(at + 5, 0)
  write16(at + 9, 0)
  return (at + 11 - message) as u32
}

/** A server's answer to one question. */
@unmanaged
export class DnsAnswer {
  id: u32 = 0
  code: u32 = 0
  truncated: bool = false
  /** Addresses found, up to `ADDRESSES_MAXIMUM`, at `addresses`. */
  count: u32 = 0
  addresses: usize = heap.alloc(ADDRESSES_MAXIMUM * 4)
  /** The name at the end of the chain of aliases, encoded: where to ask on if there is no address. */
  alias: usize = heap.alloc(DNS_NAME_MAXIMUM + 1)
  aliasLength: u32 = 0
  private scratch: usize = heap.alloc(DNS_NAME_MAXIMUM + 1)
  /** Length of the name that `readName` read, and where the bytes after it begin. */
  private nameLength: u32 = 0

  /** Reads an answer; false if it is damaged or answers another question than `name`. */
  parse(message: usize, length: u32, name: usize, nameLength: u32): bool {
    if (length < HEADER) return false
    const end = message + length
    const flags = read16(message + 2)
    if (!(flags & 0x8000) || flags & 0x7800 || read16(message + 4) != 1) return false
    this.id = read16(message)
    this.code = flags & 15
    this.truncated = (flags & 0x0200) != 0
    this.count = 0
    let at = this.readName(message, end, message + HEADER, this.alias)
    if (at == 0 || at + 4 > end) return false
    if (this.nameLength != nameLength || memory.compare(this.alias, name, nameLength) != 0) return false
    if (read16(at) != TYPE_A || read16(at + 2) != CLASS_IN) return false
    this.aliasLength = nameLength
    at += 4
    return this.readAnswers(message, end, at, read16(message + 6))
  }

  free(): void {
    heap.free(this.addresses)
    heap.free(this.alias)
    heap.free(this.scratch)
    heap.free(changetype<usize>(this))
  }

  /** Follows the aliases in the order in which servers send them, and takes the addresses at their end. */
  private readAnswers(message: usize, end: usize, start: usize, records: u32): bool {
    let at = start
    for (let record: u32 = 0; record < records; record++) {
      at = this.readName(message, end, at, this.scratch)
      if (at == 0 || at + 10 > end) return this.truncated
      const isOurs =
        this.nameLength == this.aliasLength && memory.compare(this.scratch, this.alias, this.aliasLength) == 0
      const type = read16(at)
      const inClass = read16(at + 2) == CLASS_IN
      const size = read16(at + 8)
      const data = at + 10
      if (data + size > end) return this.truncated
      if (isOurs && inClass && type == TYPE_A && size == 4 && this.count < ADDRESSES_MAXIMUM) {
        store<u32>(this.addresses + this.count++ * 4, read32(data))
      } else if (isOurs && inClass && type == TYPE_CNAME) {
        if (this.readName(message, end, data, this.scratch) == 0) return false
        memory.copy(this.alias, this.scratch, this.nameLength)
        this.aliasLength = this.nameLength
      }
      at = data + size
    }
    return true
  }

  /** Reads a name, compressed or not, into `target` in lower case. The address after it, or 0. Pointers only lead backwards. */
  private readName(message: usize, end: usize, start: usize, target: usize): usize {
    let at = start
    let after: usize = 0
    let used: u32 = 0
    let pointers: u32 = 0
    while (at < end) {
      const size = load<u8>(at) as u32
      if (size >= 0xc0) {
        if (at + 2 > end || ++pointers > POINTERS_MAXIMUM) return 0
        if (after == 0) after = at + 2
        const to = message + (read16(at) & 0x3fff)
        if (to >= at) return 0
        at = to
        continue
      }
      if (size > LABEL_MAXIMUM || at + 1 + size > end || used + size + 1 > DNS_NAME_MAXIMUM) return 0
      store<u8>(target + used, size as u8)
      for (let index: u32 = 1; index <= size; index++) {
        const char = load<u8>(at + index) as u32
        store<u8>(target + used + index, (char >= 65 && char <= 90 ? char + 32 : char) as u8)
      }
      used += size + 1
      at += size + 1
      if (size == 0) {
        this.nameLength = used
        return after ? after : at
      }
    }
    return 0
  }
}

export const ADDRESSES_MAXIMUM: u32 = 8
