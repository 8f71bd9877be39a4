/**
 * A small web server on port 80 (RFC 9112): one page, connections kept alive, requests pipelined. One thread serves all
 * connections, as in echo-tcp.
 */
import {
  accept,
  bind,
  close,
  console,
  EAGAIN,
  listen,
  memoryStatistics,
  monotonicTime,
  Poller,
  POLL_IN,
  POLL_OUT,
  recv,
  send,
  setBlocking,
  socket,
  TCP,
} from 'onering'

const PORT: u32 = 80
/** The longest request head that is accepted. */
const LONGEST = 8192

class Connection {
  head: Uint8Array = new Uint8Array(LONGEST)
  length: i32 = 0
  reply: Uint8Array | null = null
  sent: i32 = 0
  closes: bool = false
}

const poller = new Poller(128)
const connections = new Map<i32, Connection>()
let served: u64 = 0

function page(): string {
  const seconds = monotonicTime() / 1_000_000_000
  const free = memoryStatistics().free >> 10
  return (
    `<!doctype html><title>onering</title><h1>Hello from onering</h1>` +
    `<p>Up for ${seconds} s, ${served} requests served, ${free} KiB free.</p>\n`
  )
}

function reply(status: string, body: string, closes: bool): Uint8Array {
  const bytes = String.UTF8.byteLength(body)
  const connection = closes ? 'close' : 'keep-alive'
  const head =
    `HTTP/1.1 ${status}\r\nContent-Type: text/html; charset=utf-8\r\n` +
    `Content-Length: ${bytes}\r\nConnection: ${connection}\r\n\r\n`
  return Uint8Array.wrap(String.UTF8.encode(head + body))
}

/** Length of the request head in the buffer, with the empty line that ends it; 0 if that has not come yet. */
function headLength(connection: Connection): i32 {
  const head = connection.head
  const length = connection.length
  for (let i = 3; i < length; i++)
    if (head[i] == 10 && head[i - 1] == 13 && head[i - 2] == 10 && head[i - 3] == 13) return i + 1
  return 0
}

function answer(connection: Connection, length: i32): void {
  const text = String.UTF8.decodeUnsafe(connection.head.dataStart, length)
  const isOld = text.includes(' HTTP/1.0\r\n')
  connection.closes = isOld || text.toLowerCase().includes('\r\nconnection: close')
  served++
  if (!text.startsWith('GET '))
    connection.reply = reply('405 Method Not Allowed', 'only GET\n', (connection.closes = true))
  else if (!text.startsWith('GET / '))
    connection.reply = reply('404 Not Found', 'only /\n', connection.closes)
  else connection.reply = reply('200 OK', page(), connection.closes)
  connection.sent = 0
  // What follows is the next request.
  memory.copy(connection.head.dataStart, connection.head.dataStart + length, connection.length - length)
  connection.length -= length
}

/** Sends, answers and reads as far as the peer goes along; false when the connection is over. */
function serve(fd: i32, connection: Connection): bool {
  while (true) {
    const waiting = connection.reply
    if (waiting !== null) {
      const sent = send(fd, waiting, connection.sent)
      if (sent == -EAGAIN) return true
      if (sent < 0) return false
      connection.sent += sent
      if (connection.sent < waiting.length) continue
      connection.reply = null
      if (connection.closes) return false
    }
    const length = headLength(connection)
    if (length > 0) {
      answer(connection, length)
      continue
    }
    if (connection.length == LONGEST) return false
    const received = recv(fd, connection.head, connection.length)
    if (received == -EAGAIN) return true
    if (received <= 0) return false
    connection.length += received
  }
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
  console.log(`http listens on port ${PORT}`)
  while (true) {
    const count = poller.wait()
    for (let i = 0; i < count; i++) {
      const fd = <i32>poller.token(i)
      if (fd == listener) {
        for (let peer = accept(listener); peer >= 0; peer = accept(listener)) {
          setBlocking(peer, false)
          connections.set(peer, new Connection())
          poller.add(peer, POLL_IN)
        }
        continue
      }
      const connection = connections.get(fd)
      if (serve(fd, connection)) poller.modify(fd, connection.reply !== null ? POLL_OUT : POLL_IN)
      else {
        close(fd)
        connections.delete(fd)
      }
    }
  }
}
