/** Hashes: fields with strings. */
import { Blob, blobOf, dropBlob } from '../blob'
import { HASH, madeValueOf, removeIfEmpty, valueOf, WRONG_KIND } from '../keyspace'
import { Reply } from '../reply'
import { Request } from '../request'
import { find, insert, Node, nodeAt, remove, Table } from '../table'
import { arityError } from './command'

export function hset(request: Request, reply: Reply): void {
  if (request.count % 2 == 1) return arityError(reply, 'hset')
  const value = madeValueOf(request.at(1), HASH, reply)
  if (value == WRONG_KIND) return
  const hash = changetype<Table>(value)
  const before = hash.count
  for (let i: u32 = 2; i < request.count; i += 2) {
    let field: Node | null = find(hash, request.at(i))
    if (field === null) field = insert(hash, request.at(i))
    else dropBlob(changetype<Blob>(field.value))
    field.value = changetype<usize>(blobOf(request.at(i + 1)))
  }
  reply.integer(hash.count - before)
}

export function hget(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), HASH, reply)
  if (value == WRONG_KIND) return
  const field: Node | null = value == 0 ? null : find(changetype<Table>(value), request.at(2))
  if (field === null) reply.nil()
  else reply.blob(changetype<Blob>(field.value))
}

export function hgetall(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), HASH, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.array(0)
  const hash = changetype<Table>(value)
  reply.array(hash.count * 2)
  for (let i: u32 = 0; i < hash.count; i++) {
    reply.key(nodeAt(hash, i))
    reply.blob(changetype<Blob>(nodeAt(hash, i).value))
  }
}

export function hdel(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), HASH, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.integer(0)
  const hash = changetype<Table>(value)
  const before = hash.count
  for (let i: u32 = 2; i < request.count; i++) {
    const field = find(hash, request.at(i))
    if (field === null) continue
    dropBlob(changetype<Blob>(field.value))
    remove(hash, field)
  }
  reply.integer(before - hash.count)
  removeIfEmpty(request.at(1), hash.count)
}

export function hlen(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), HASH, reply)
  if (value != WRONG_KIND) reply.integer(value == 0 ? 0 : changetype<Table>(value).count)
}
