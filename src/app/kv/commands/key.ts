/** Keys, whatever they hold. */
import {
  allKeys,
  findKey,
  isOver,
  keyCount,
  kindNames,
  now,
  removeAllKeys,
  removeKey,
  setEnd,
} from '../keyspace'
import { matches } from '../glob'
import { Reply } from '../reply'
import { Request } from '../request'
import { integer, isWord, parseInteger, Slice, toText } from '../slice'
import { keyOf, Node, nodeAt, Table } from '../table'

export function del(request: Request, reply: Reply): void {
  let count = 0
  for (let i: u32 = 1; i < request.count; i++) {
    const node = findKey(request.at(i))
    if (node === null) continue
    removeKey(node)
    count++
  }
  reply.integer(count)
}

export function exists(request: Request, reply: Reply): void {
  let count = 0
  for (let i: u32 = 1; i < request.count; i++) if (findKey(request.at(i)) !== null) count++
  reply.integer(count)
}

export function type(request: Request, reply: Reply): void {
  const node = findKey(request.at(1))
  reply.text(`+${kindNames[node === null ? 0 : node.tag]}\r\n`)
}

const NX: u32 = 1
const XX: u32 = 2
const GT: u32 = 4
const LT: u32 = 8

/** Which of NX, XX, GT, LT stand at the end of the request; sends an error and gives ~0 if they cannot. */
function conditions(request: Request, reply: Reply): u32 {
  let found: u32 = 0
  for (let i: u32 = 3; i < request.count; i++) {
    const word = request.at(i)
    if (isWord(word, 'nx')) found |= NX
    else if (isWord(word, 'xx')) found |= XX
    else if (isWord(word, 'gt')) found |= GT
    else if (isWord(word, 'lt')) found |= LT
    else {
      reply.error(`ERR Unsupported option ${toText(word)}`)
      return ~0
    }
  }
  if (found & NX && found != NX)
    reply.error('ERR NX and XX, GT or LT options at the same time are not compatible')
  else if (found & GT && found & LT) reply.error('ERR GT and LT options at the same time are not compatible')
  else return found
  return ~0
}

/** A key that never ends counts as one that ends after all others. */
function isAllowed(node: Node, end: i64, conditions: u32): bool {
  const old = <i64>node.number
  if (conditions & NX) return old == 0
  if (conditions & XX && old == 0) return false
  if (conditions & GT) return old != 0 && end > old
  return !(conditions & LT) || old == 0 || end < old
}

function expireAfter(request: Request, reply: Reply, unit: i64, name: string): void {
  const chosen = conditions(request, reply)
  if (chosen == ~0) return
  const amount = request.at(2)
  if (!parseInteger(amount.start, amount.length)) return reply.notAnInteger()
  const most = i64.MAX_VALUE / unit
  if (integer > most || integer < -most || integer * unit > i64.MAX_VALUE - now)
    return reply.error(`ERR invalid expire time in '${name}' command`)
  const node = findKey(request.at(1))
  const end = now + integer * unit
  if (node === null || !isAllowed(node, end, chosen)) return reply.integer(0)
  if (end <= now) removeKey(node)
  else setEnd(node, end)
  reply.integer(1)
}

export function expire(request: Request, reply: Reply): void {
  expireAfter(request, reply, 1000, 'expire')
}

export function pexpire(request: Request, reply: Reply): void {
  expireAfter(request, reply, 1, 'pexpire')
}

/** Milliseconds that are left; -1 for ever, -2 if there is no such key. */
function rest(key: Slice): i64 {
  const node = findKey(key)
  if (node === null) return -2
  return node.number == 0 ? -1 : <i64>node.number - now
}

export function ttl(request: Request, reply: Reply): void {
  const left = rest(request.at(1))
  reply.integer(left < 0 ? left : (left + 500) / 1000)
}

export function pttl(request: Request, reply: Reply): void {
  reply.integer(rest(request.at(1)))
}

export function persist(request: Request, reply: Reply): void {
  const node = findKey(request.at(1))
  const isMortal = node !== null && node.number != 0
  if (isMortal) setEnd(node!, 0)
  reply.integer(isMortal ? 1 : 0)
}

export function flush(request: Request, reply: Reply): void {
  const isPlain =
    request.count == 1 ||
    (request.count == 2 && (isWord(request.at(1), 'sync') || isWord(request.at(1), 'async')))
  if (!isPlain) return reply.syntaxError()
  removeAllKeys()
  reply.ok()
}

export function dbsize(_request: Request, reply: Reply): void {
  reply.integer(keyCount())
}

function isWanted(node: Node, pattern: Slice | null, kind: Slice | null): bool {
  if (isOver(node)) return false
  if (pattern !== null && !matches(pattern, keyOf(node), node.length)) return false
  return kind === null || isWord(kind, kindNames[node.tag])
}

/** Sends the wanted nodes from `from` to before `to`. */
function sendWanted(
  table: Table,
  from: u32,
  to: u32,
  pattern: Slice | null,
  kind: Slice | null,
  reply: Reply,
): void {
  let count = 0
  for (let i = from; i < to; i++) if (isWanted(nodeAt(table, i), pattern, kind)) count++
  reply.array(count)
  for (let i = from; i < to; i++) {
    const node = nodeAt(table, i)
    if (isWanted(node, pattern, kind)) reply.key(node)
  }
}

export function keys(request: Request, reply: Reply): void {
  sendWanted(allKeys(), 0, keyCount(), request.at(1), null, reply)
}

/** From the last key to the first, so that a key which moves when another is deleted is not missed. */
export function scan(request: Request, reply: Reply): void {
  const cursor = request.at(1)
  if (!parseInteger(cursor.start, cursor.length) || integer < 0) return reply.error('ERR invalid cursor')
  let end = <u32>min<i64>(integer, keyCount())
  if (integer == 0) end = keyCount()
  let pattern: Slice | null = null
  let kind: Slice | null = null
  let most: i64 = 10
  for (let i: u32 = 2; i < request.count; i += 2) {
    if (i + 1 == request.count) return reply.syntaxError()
    const value = request.at(i + 1)
    if (isWord(request.at(i), 'match')) pattern = value
    else if (isWord(request.at(i), 'type')) kind = value
    else if (!isWord(request.at(i), 'count')) return reply.syntaxError()
    else if (!parseInteger(value.start, value.length)) return reply.notAnInteger()
    else if (integer < 1) return reply.syntaxError()
    else most = integer
  }
  const start = end - <u32>min<i64>(most, end)
  reply.array(2)
  reply.string(start.toString())
  sendWanted(allKeys(), start, end, pattern, kind, reply)
}
