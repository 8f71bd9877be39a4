/** Strings. */
import { Blob, blobOf, dropBlob, extended, newBlob, startOf } from '../blob'
import { findKey, now, setEnd, setKey, STRING, valueOf, WRONG_KIND } from '../keyspace'
import { Reply, writeInteger } from '../reply'
import { LONGEST_BULK, Request } from '../request'
import { integer, isWord, parseInteger, Slice } from '../slice'
import { Node } from '../table'
import { arityError } from './command'

function put(key: Slice, value: Slice): Node {
  return setKey(key, STRING, changetype<usize>(blobOf(value)))
}

/** Sends the string, or nil; false after an error. */
function sendString(key: Slice, reply: Reply): bool {
  const value = valueOf(key, STRING, reply)
  if (value == WRONG_KIND) return false
  if (value == 0) reply.nil()
  else reply.blob(changetype<Blob>(value))
  return true
}

export function get(request: Request, reply: Reply): void {
  sendString(request.at(1), reply)
}

export function getSet(request: Request, reply: Reply): void {
  if (sendString(request.at(1), reply)) put(request.at(1), request.at(2))
}

const NX: u32 = 1
const XX: u32 = 2
const GET: u32 = 4
const KEEP: u32 = 8
const EX: u32 = 16
const PX: u32 = 32
const EXAT: u32 = 64
const PXAT: u32 = 128
const LIFETIMES: u32 = KEEP | EX | PX | EXAT | PXAT

function optionOf(word: Slice): u32 {
  if (isWord(word, 'nx')) return NX
  if (isWord(word, 'xx')) return XX
  if (isWord(word, 'get')) return GET
  if (isWord(word, 'keepttl')) return KEEP
  if (isWord(word, 'ex')) return EX
  if (isWord(word, 'px')) return PX
  if (isWord(word, 'exat')) return EXAT
  return isWord(word, 'pxat') ? PXAT : 0
}

/** Options that exclude each other. */
function isConflict(chosen: u32, option: u32): bool {
  if (option & LIFETIMES) return (chosen & LIFETIMES & ~option) != 0
  return (option == NX && (chosen & XX) != 0) || (option == XX && (chosen & NX) != 0)
}

/** When a lifetime ends, in milliseconds since 1970; 0 if no such time can be. */
function endOf(option: u32, amount: i64): i64 {
  const isSeconds = (option & (EX | EXAT)) != 0
  if (amount <= 0 || (isSeconds && amount > i64.MAX_VALUE / 1000)) return 0
  const milliseconds = isSeconds ? amount * 1000 : amount
  if (option & (EXAT | PXAT)) return milliseconds
  return milliseconds > i64.MAX_VALUE - now ? 0 : now + milliseconds
}

export function set(request: Request, reply: Reply): void {
  let options: u32 = 0
  let lifetime: Slice | null = null
  for (let i: u32 = 3; i < request.count; i++) {
    const option = optionOf(request.at(i))
    if (option == 0 || isConflict(options, option)) return reply.syntaxError()
    options |= option
    if (!(option & LIFETIMES) || option == KEEP) continue
    if (++i == request.count) return reply.syntaxError()
    lifetime = request.at(i)
  }
  let end: i64 = 0
  if (lifetime !== null) {
    if (!parseInteger(lifetime.start, lifetime.length)) return reply.notAnInteger()
    end = endOf(options & LIFETIMES, integer)
    if (end == 0) return reply.error(`ERR invalid expire time in 'set' command`)
  }
  const key = request.at(1)
  const isThere = findKey(key)
  if (options & GET && !sendString(key, reply)) return
  if ((options & NX && isThere !== null) || (options & XX && isThere === null)) {
    if (!(options & GET)) reply.nil()
    return
  }
  if (options & KEEP && isThere !== null) end = <i64>isThere.number
  setEnd(put(key, request.at(2)), end)
  if (!(options & GET)) reply.ok()
}

export function mget(request: Request, reply: Reply): void {
  reply.array(request.count - 1)
  for (let i: u32 = 1; i < request.count; i++) {
    const node = findKey(request.at(i))
    if (node === null || node.tag != STRING) reply.nil()
    else reply.blob(changetype<Blob>(node.value))
  }
}

export function mset(request: Request, reply: Reply): void {
  if (request.count % 2 == 0) return arityError(reply, 'mset')
  for (let i: u32 = 1; i < request.count; i += 2) put(request.at(i), request.at(i + 1))
  reply.ok()
}

const digits: usize = memory.data(24)

function add(key: Slice, by: i64, reply: Reply): void {
  const value = valueOf(key, STRING, reply)
  if (value == WRONG_KIND) return
  let old: i64 = 0
  if (value != 0) {
    const blob = changetype<Blob>(value)
    if (!parseInteger(startOf(blob), blob.length)) return reply.notAnInteger()
    old = integer
  }
  if ((by > 0 && old > i64.MAX_VALUE - by) || (by < 0 && old < i64.MIN_VALUE - by))
    return reply.error('ERR increment or decrement would overflow')
  const length = writeInteger(digits, old + by)
  const sum = changetype<usize>(newBlob(digits, length))
  if (value == 0) setKey(key, STRING, sum)
  else {
    // It keeps its end.
    findKey(key)!.value = sum
    dropBlob(changetype<Blob>(value))
  }
  reply.integer(old + by)
}

export function incr(request: Request, reply: Reply): void {
  add(request.at(1), 1, reply)
}

export function decr(request: Request, reply: Reply): void {
  add(request.at(1), -1, reply)
}

export function incrBy(request: Request, reply: Reply): void {
  const by = request.at(2)
  if (!parseInteger(by.start, by.length)) reply.notAnInteger()
  else add(request.at(1), integer, reply)
}

export function decrBy(request: Request, reply: Reply): void {
  const by = request.at(2)
  if (!parseInteger(by.start, by.length)) reply.notAnInteger()
  else if (integer == i64.MIN_VALUE) reply.error('ERR decrement would overflow')
  else add(request.at(1), -integer, reply)
}

export function append(request: Request, reply: Reply): void {
  const key = request.at(1)
  const value = valueOf(key, STRING, reply)
  if (value == WRONG_KIND) return
  if (value == 0) {
    put(key, request.at(2))
    return reply.integer(request.at(2).length)
  }
  const blob = changetype<Blob>(value)
  if (<i64>blob.length + request.at(2).length > LONGEST_BULK)
    return reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  const longer = extended(blob, request.at(2))
  findKey(key)!.value = changetype<usize>(longer)
  reply.integer(longer.length)
}

export function strlen(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), STRING, reply)
  if (value != WRONG_KIND) reply.integer(value == 0 ? 0 : changetype<Blob>(value).length)
}
