/**
 * A TCP echo server on port 7 (RFC 862). One thread serves all connections: it waits until some of them are ready,
 * reads what has come and writes it back. What the peer does not take at once stays in the connection's buffer, and
 * nothing more is read from that peer until it is gone.
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
  POLL_OUT,
  recv,
  send,
  setBlocking,
  SHUT_WR,
  shutdown,
  socket,
  TCP,
} from 'onering'

const PORT: u32 = 7
const BUFFER = 32768

/** Bytes from `start` to `end` of the buffer wait to be sent back. */
class Connection {
  buffer: Uint8Array = new Uint8Array(BUFFER)
  start: i32 = 0
  end: i32 = 0
  /** The peer has sent all it wanted to. */
  isFinished: bool = false
  interest: u32 = POLL_IN
}

const poller = new Poller(256)
/** By descriptor. */
const connections = new Map<i32, Connection>()
/** Connections that are closed lend themselves to the next ones. */
const spare = new Array<Connection>()

function open(fd: i32): void {
  setBlocking(fd, false)
  const connection = spare.length > 0 ? spare.pop() : new Connection()
  connection.start = connection.end = 0
  connection.isFinished = false
  connection.interest = POLL_IN
  connections.set(fd, connection)
  poller.add(fd, POLL_IN)
}

function end(fd: i32, connection: Connection): void {
  close(fd)
  connections.delete(fd)
  spare.push(connection)
}

/** Sends what waits; false if the connection is broken. */
function flush(fd: i32, connection: Connection): bool {
  while (connection.start < connection.end) {
    const sent = send(fd, connection.buffer, connection.start, connection.end - connection.start)
    if (sent == -EAGAIN) return true
    if (sent < 0) return false
    connection.start += sent
  }
  connection.start = connection.end = 0
  return true
}

/** Echoes until the peer has nothing more or takes nothing more; false when the connection is over. */
function serve(fd: i32, connection: Connection): bool {
  while (true) {
    if (!flush(fd, connection)) return false
    if (connection.end > 0) return true
    if (connection.isFinished) {
      shutdown(fd, SHUT_WR)
      return false
    }
    const received = recv(fd, connection.buffer)
    if (received == -EAGAIN) return true
    if (received < 0) return false
    if (received == 0) connection.isFinished = true
    connection.end = received
  }
}

function ready(fd: i32, readiness: u32): void {
  const connection = connections.get(fd)
  if (readiness & POLL_ERR || !serve(fd, connection)) {
    end(fd, connection)
    return
  }
  const interest = connection.end > 0 ? POLL_OUT : POLL_IN
  if (interest == connection.interest) return
  connection.interest = interest
  poller.modify(fd, interest)
}

export function main(): i32 {
  const listener = socket(TCP)
  const status = bind(listener, 0, PORT)
  if (status < 0 || listen(listener, 512) < 0) {
    console.error(`cannot listen on port ${PORT}: error ${-status}`)
    return 1
  }
  setBlocking(listener, false)
  poller.add(listener, POLL_IN)
  console.log(`echo-tcp listens on port ${PORT}`)
  while (true) {
    const count = poller.wait()
    for (let i = 0; i < count; i++) {
      const fd = <i32>poller.token(i)
      if (fd != listener) ready(fd, poller.readiness(i))
      else for (let peer = accept(listener); peer >= 0; peer = accept(listener)) open(peer)
    }
  }
}
