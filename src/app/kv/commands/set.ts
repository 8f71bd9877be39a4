/** Sets. */
import { madeValueOf, removeIfEmpty, SET, valueOf, WRONG_KIND } from '../keyspace'
import { Reply } from '../reply'
import { Request } from '../request'
import { integer } from '../slice'
import { find, insert, nodeAt, remove, Table } from '../table'
import { parseCount } from './list'

export function sadd(request: Request, reply: Reply): void {
  const value = madeValueOf(request.at(1), SET, reply)
  if (value == WRONG_KIND) return
  const set = changetype<Table>(value)
  const before = set.count
  for (let i: u32 = 2; i < request.count; i++)
    if (find(set, request.at(i)) === null) insert(set, request.at(i))
  reply.integer(set.count - before)
}

export function srem(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SET, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.integer(0)
  const set = changetype<Table>(value)
  const before = set.count
  for (let i: u32 = 2; i < request.count; i++) {
    const node = find(set, request.at(i))
    if (node !== null) remove(set, node)
  }
  reply.integer(before - set.count)
  removeIfEmpty(request.at(1), set.count)
}

/** Members that nobody can foresee. */
export function spop(request: Request, reply: Reply): void {
  if (request.count > 3) return reply.syntaxError()
  const hasCount = request.count == 3
  if (hasCount && !parseCount(request.at(2), reply)) return
  const most = hasCount ? integer : 1
  const value = valueOf(request.at(1), SET, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.text(hasCount ? '*0\r\n' : '$-1\r\n')
  const set = changetype<Table>(value)
  const count = <u32>min<i64>(most, set.count)
  if (hasCount) reply.array(count)
  for (let i: u32 = 0; i < count; i++) {
    const node = nodeAt(set, <u32>(Math.random() * <f64>set.count))
    reply.key(node)
    remove(set, node)
  }
  removeIfEmpty(request.at(1), set.count)
}

export function sismember(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SET, reply)
  if (value == WRONG_KIND) return
  reply.integer(value != 0 && find(changetype<Table>(value), request.at(2)) !== null ? 1 : 0)
}

export function scard(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SET, reply)
  if (value != WRONG_KIND) reply.integer(value == 0 ? 0 : changetype<Table>(value).count)
}

export function smembers(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SET, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.array(0)
  const set = changetype<Table>(value)
  reply.array(set.count)
  for (let i: u32 = 0; i < set.count; i++) reply.key(nodeAt(set, i))
}
