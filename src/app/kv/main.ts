/**
 * A key-value store on port 6379 that speaks Redis' protocol, RESP2. One thread serves all connections: it waits until some of them are ready, answers
 * the requests that have come, and reads no further from a client that does not take its replies.
 */
import {
  accept,
  bind,
  close,
  console,
  EAGAIN,
  listen,
  Poller,
  POLL_ERR,
  POLL_IN,
  send,
  setBlocking,
  SO_NODELAY,
  socket,
  socketOption,
  TCP,
} from 'onering'
import { commands } from './commands/index'
import { enterCommands } from './commands/lookup'
import { noteStart } from './commands/server'
import { Connection, connectionCount, connections, setCurrent } from './connection'
import { execute } from './execute'
import { seedHash } from './hash'
import { mortalCount, readClock, removeOver } from './keyspace'
import { limitMemory } from './memory'
import { BROKEN, COMPLETE } from './request'

const PORT: u32 = 6379
const MOST_CONNECTIONS = 10_000
/** Replies are sent when so many bytes of them wait, or when there are no more requests. */
const ENOUGH: u32 = 64 << 10
/** While there are keys that end, some are looked at so often. */
const TICK_MS = 100
const LOOKS: u32 = 20

const poller = new Poller(256)
let lastId = 0

/** Answers requests that have come whole, as long as the client takes the replies; false when the connection is over. */
function answer(connection: Connection): bool {
  const input = connection.input
  const request = connection.request
  const reply = connection.reply
  setCurrent(connection)
  while (!connection.closes) {
    const status = request.parse(input)
    if (status == BROKEN) {
      reply.error(request.error)
      connection.closes = true
    }
    if (status != COMPLETE) break
    execute(request, reply)
    input.consume(request.length)
    request.clear()
    if (reply.isOverfull) return false
    if (reply.length < ENOUGH) continue
    if (!connection.flush()) return false
    if (reply.length > 0) return true
  }
  return connection.flush() && !(connection.closes && reply.length == 0)
}

/** As far as the client goes along; false when the connection is over. */
function serve(connection: Connection): bool {
  if (!connection.flush()) return false
  while (connection.reply.length == 0) {
    if (connection.closes || !answer(connection)) return false
    if (connection.reply.length > 0) break
    const received = connection.receive()
    if (received == -EAGAIN) return true
    if (received <= 0) return false
    if (!connection.input.isOverfull) continue
    connection.reply.error('ERR Protocol error: no memory for a request of this size')
    connection.flush()
    return false
  }
  return true
}

function ready(connection: Connection, readiness: u32): void {
  if (readiness & POLL_ERR || !serve(connection)) {
    close(connection.fd)
    connections.delete(connection.fd)
    connection.release()
    return
  }
  if (connection.wanted == connection.interest) return
  connection.interest = connection.wanted
  poller.modify(connection.fd, connection.interest)
}

const refusal = Uint8Array.wrap(String.UTF8.encode('-ERR max number of clients reached\r\n'))

function open(fd: i32): void {
  setBlocking(fd, false)
  if (connectionCount() == MOST_CONNECTIONS) {
    send(fd, refusal)
    close(fd)
    return
  }
  socketOption(fd, SO_NODELAY, 1)
  connections.set(fd, new Connection(fd, ++lastId))
  poller.add(fd, POLL_IN)
}

export function main(): i32 {
  limitMemory()
  seedHash()
  enterCommands(commands)
  const listener = socket(TCP)
  const status = bind(listener, 0, PORT)
  if (status < 0 || listen(listener, 512) < 0) {
    console.error(`cannot listen on port ${PORT}: error ${-status}`)
    return 1
  }
  setBlocking(listener, false)
  poller.add(listener, POLL_IN)
  readClock()
  noteStart()
  console.log(`kv listens on port ${PORT}`)
  while (true) {
    const count = poller.wait(mortalCount() > 0 ? TICK_MS : -1)
    readClock()
    if (mortalCount() > 0) removeOver(LOOKS)
    for (let i = 0; i < count; i++) {
      const fd = <i32>poller.token(i)
      if (fd != listener) ready(connections.get(fd), poller.readiness(i))
      else for (let peer = accept(listener); peer >= 0; peer = accept(listener)) open(peer)
    }
  }
}
