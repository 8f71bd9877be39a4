/** Commands about the connection and the server. */
import { connectionCount, current } from '../connection'
import { matches } from '../glob'
import { keyCount, mortalCount, now } from '../keyspace'
import { memoryLimit, memoryUsed } from '../memory'
import { Reply } from '../reply'
import { Request } from '../request'
import { integer, isWord, parseInteger, Slice, toText } from '../slice'
import { arityError } from './command'

/** Whose behaviour this follows; clients ask for it. */
const VERSION: string = '7.0.15'

export function ping(request: Request, reply: Reply): void {
  if (request.count > 2) arityError(reply, 'ping')
  else if (request.count == 2) reply.slice(request.at(1))
  else reply.text('+PONG\r\n')
}

export function echo(request: Request, reply: Reply): void {
  reply.slice(request.at(1))
}

export function quit(_request: Request, reply: Reply): void {
  reply.ok()
  current.closes = true
}

/** There is one database. */
export function select(request: Request, reply: Reply): void {
  const index = request.at(1)
  if (!parseInteger(index.start, index.length)) reply.notAnInteger()
  else if (integer != 0) reply.error('ERR DB index is out of range')
  else reply.ok()
}

function unknownSubcommand(request: Request, reply: Reply, help: string): void {
  reply.error(`ERR unknown subcommand '${toText(request.at(1))}'. Try ${help} HELP.`)
}

/** Name and value, one after the other. */
const settings: StaticArray<string> = [
  'maxmemory',
  '',
  'maxmemory-policy',
  'noeviction',
  'save',
  '',
  'appendonly',
  'no',
  'databases',
  '1',
  'timeout',
  '0',
]

export function config(request: Request, reply: Reply): void {
  const word = request.at(1)
  if (isWord(word, 'resetstat')) return reply.ok()
  if (isWord(word, 'set')) return reply.error('ERR nothing can be set while the server runs')
  if (!isWord(word, 'get')) return unknownSubcommand(request, reply, 'CONFIG')
  if (request.count < 3) return arityError(reply, 'config|get')
  const found = new Array<i32>()
  for (let i = 0; i < settings.length; i += 2) {
    const name = String.UTF8.encode(settings[i])
    for (let pattern: u32 = 2; pattern < request.count; pattern++) {
      if (!matches(request.at(pattern), changetype<usize>(name), <u32>name.byteLength)) continue
      found.push(i)
      break
    }
  }
  reply.array(found.length * 2)
  for (let i = 0; i < found.length; i++) {
    reply.string(settings[found[i]])
    reply.string(found[i] == 0 ? memoryLimit().toString() : settings[found[i] + 1])
  }
}

function isName(slice: Slice): bool {
  for (let i: u32 = 0; i < slice.length; i++) {
    const byte = load<u8>(slice.start + i)
    if (byte < 0x21 || byte > 0x7e) return false
  }
  return true
}

function describe(): string {
  return `id=${current.id} fd=${current.fd} name=${current.name} db=0`
}

export function client(request: Request, reply: Reply): void {
  const word = request.at(1)
  if (isWord(word, 'id')) return reply.integer(current.id)
  if (isWord(word, 'getname')) return current.name == '' ? reply.nil() : reply.string(current.name)
  if (isWord(word, 'info')) return reply.string(describe() + '\n')
  if (isWord(word, 'setinfo')) return reply.ok()
  if (!isWord(word, 'setname')) return unknownSubcommand(request, reply, 'CLIENT')
  if (request.count != 3) return arityError(reply, 'client|setname')
  if (request.at(2).length > 64 || !isName(request.at(2)))
    return reply.error('ERR Client names cannot contain spaces, newlines or special characters.')
  current.name = toText(request.at(2))
  reply.ok()
}

/** RESP2 is what is spoken. */
export function hello(request: Request, reply: Reply): void {
  if (request.count > 1) {
    const version = request.at(1)
    if (!parseInteger(version.start, version.length))
      return reply.error('ERR Protocol version is not an integer or out of range')
    if (integer != 2) return reply.error('NOPROTO unsupported protocol version')
    if (request.count > 2) return reply.syntaxError()
  }
  reply.array(14)
  reply.string('server')
  reply.string('redis')
  reply.string('version')
  reply.string(VERSION)
  reply.string('proto')
  reply.integer(2)
  reply.string('id')
  reply.integer(current.id)
  reply.string('mode')
  reply.string('standalone')
  reply.string('role')
  reply.string('master')
  reply.string('modules')
  reply.array(0)
}

let startMs: i64 = 0

export function noteStart(): void {
  startMs = now
}

export function info(_request: Request, reply: Reply): void {
  const keys = keyCount() == 0 ? '' : `db0:keys=${keyCount()},expires=${mortalCount()},avg_ttl=0\r\n`
  reply.string(
    `# Server\r\nredis_version:${VERSION}\r\nredis_mode:standalone\r\nos:onering\r\n` +
      `uptime_in_seconds:${(now - startMs) / 1000}\r\n\r\n` +
      `# Clients\r\nconnected_clients:${connectionCount()}\r\n\r\n` +
      `# Memory\r\nused_memory:${memoryUsed()}\r\nmaxmemory:${memoryLimit()}\r\nmaxmemory_policy:noeviction\r\n\r\n` +
      `# Replication\r\nrole:master\r\n\r\n# Keyspace\r\n${keys}`,
  )
}
