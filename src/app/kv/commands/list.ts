/** Lists. */
import { blobOf, dropBlob } from '../blob'
import { LIST, madeValueOf, removeIfEmpty, valueOf, WRONG_KIND } from '../keyspace'
import { itemAt, List, pop, push } from '../list'
import { Reply } from '../reply'
import { Request } from '../request'
import { integer, parseInteger, Slice } from '../slice'
import { arityError } from './command'

function pushAll(request: Request, reply: Reply, isFront: bool): void {
  const value = madeValueOf(request.at(1), LIST, reply)
  if (value == WRONG_KIND) return
  const list = changetype<List>(value)
  for (let i: u32 = 2; i < request.count; i++) push(list, blobOf(request.at(i)), isFront)
  reply.integer(list.count)
}

export function lpush(request: Request, reply: Reply): void {
  pushAll(request, reply, true)
}

export function rpush(request: Request, reply: Reply): void {
  pushAll(request, reply, false)
}

/** A number of elements, in `integer`; false after an error. */
export function parseCount(slice: Slice, reply: Reply): bool {
  if (parseInteger(slice.start, slice.length) && integer >= 0) return true
  reply.error('ERR value is out of range, must be positive')
  return false
}

function popSome(request: Request, reply: Reply, isFront: bool, name: string): void {
  if (request.count > 3) return arityError(reply, name)
  const hasCount = request.count == 3
  if (hasCount && !parseCount(request.at(2), reply)) return
  const most = hasCount ? integer : 1
  const value = valueOf(request.at(1), LIST, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.text(hasCount ? '*-1\r\n' : '$-1\r\n')
  const list = changetype<List>(value)
  const count = <u32>min<i64>(most, list.count)
  if (hasCount) reply.array(count)
  for (let i: u32 = 0; i < count; i++) {
    const blob = pop(list, isFront)
    reply.blob(blob)
    dropBlob(blob)
  }
  removeIfEmpty(request.at(1), list.count)
}

export function lpop(request: Request, reply: Reply): void {
  popSome(request, reply, true, 'lpop')
}

export function rpop(request: Request, reply: Reply): void {
  popSome(request, reply, false, 'rpop')
}

export function llen(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), LIST, reply)
  if (value != WRONG_KIND) reply.integer(value == 0 ? 0 : changetype<List>(value).count)
}

export function lrange(request: Request, reply: Reply): void {
  if (!parseInteger(request.at(2).start, request.at(2).length)) return reply.notAnInteger()
  let from = integer
  if (!parseInteger(request.at(3).start, request.at(3).length)) return reply.notAnInteger()
  let to = integer
  const value = valueOf(request.at(1), LIST, reply)
  if (value == WRONG_KIND) return
  const list = changetype<List>(value)
  const count: i64 = value == 0 ? 0 : list.count
  // Negative places count from the end.
  from = max<i64>(from < 0 ? from + count : from, 0)
  to = min<i64>(to < 0 ? to + count : to, count - 1)
  if (from > to) return reply.array(0)
  reply.array(to - from + 1)
  for (let i = from; i <= to; i++) reply.blob(itemAt(list, <u32>i))
}
