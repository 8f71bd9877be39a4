/** Sorted sets. */
import { madeValueOf, removeIfEmpty, SORTED_SET, valueOf, WRONG_KIND } from '../keyspace'
import { Reply } from '../reply'
import { Request } from '../request'
import { integer, isWord, parseReal, real, Slice } from '../slice'
import { addMember, findMember, least, removeMember, setScore, SortedSet } from '../sorted-set'
import { Node } from '../table'
import { parseCount } from './list'

const NX: u32 = 1
const XX: u32 = 2
const GT: u32 = 4
const LT: u32 = 8
/** The reply counts what has changed, not what is new. */
const CH: u32 = 16

function optionOf(word: Slice): u32 {
  if (isWord(word, 'nx')) return NX
  if (isWord(word, 'xx')) return XX
  if (isWord(word, 'gt')) return GT
  if (isWord(word, 'lt')) return LT
  return isWord(word, 'ch') ? CH : 0
}

function isAllowed(old: f64, score: f64, options: u32): bool {
  return !(options & NX || (options & GT && score <= old) || (options & LT && score >= old))
}

export function zadd(request: Request, reply: Reply): void {
  let options: u32 = 0
  let first: u32 = 2
  for (; first < request.count; first++) {
    const option = optionOf(request.at(first))
    if (option == 0) break
    options |= option
  }
  if (first == request.count || (request.count - first) % 2 == 1) return reply.syntaxError()
  if (options & NX && options & XX)
    return reply.error('ERR XX and NX options at the same time are not compatible')
  if ((options & GT && options & (LT | NX)) || (options & LT && options & NX))
    return reply.error('ERR GT, LT, and/or NX options at the same time are not compatible')
  for (let i = first; i < request.count; i += 2)
    if (!parseReal(request.at(i))) return reply.error('ERR value is not a valid float')
  const key = request.at(1)
  const value = options & XX ? valueOf(key, SORTED_SET, reply) : madeValueOf(key, SORTED_SET, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.integer(0)
  const set = changetype<SortedSet>(value)
  let added = 0
  let changed = 0
  for (let i = first; i < request.count; i += 2) {
    parseReal(request.at(i))
    const score = real
    const member = findMember(set, request.at(i + 1))
    if (member === null) {
      if (options & XX) continue
      addMember(set, request.at(i + 1), score)
      added++
    } else if (isAllowed(member.number, score, options) && member.number != score) {
      setScore(set, member, score)
      changed++
    }
  }
  reply.integer(options & CH ? added + changed : added)
  removeIfEmpty(key, set.members.count)
}

export function zpopmin(request: Request, reply: Reply): void {
  if (request.count > 3) return reply.syntaxError()
  if (request.count == 3 && !parseCount(request.at(2), reply)) return
  const most = request.count == 3 ? integer : 1
  const value = valueOf(request.at(1), SORTED_SET, reply)
  if (value == WRONG_KIND) return
  if (value == 0) return reply.array(0)
  const set = changetype<SortedSet>(value)
  const count = <u32>min<i64>(most, set.members.count)
  reply.array(count * 2)
  for (let i: u32 = 0; i < count; i++) {
    const member = least(set)
    reply.key(member)
    reply.real(member.number)
    removeMember(set, member)
  }
  removeIfEmpty(request.at(1), set.members.count)
}

export function zcard(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SORTED_SET, reply)
  if (value != WRONG_KIND) reply.integer(value == 0 ? 0 : changetype<SortedSet>(value).members.count)
}

export function zscore(request: Request, reply: Reply): void {
  const value = valueOf(request.at(1), SORTED_SET, reply)
  if (value == WRONG_KIND) return
  const member: Node | null = value == 0 ? null : findMember(changetype<SortedSet>(value), request.at(2))
  if (member === null) reply.nil()
  else reply.real(member.number)
}
