/** Sockets over the loopback interface. */
import {
  accept,
  address,
  bind,
  close,
  connect,
  EADDRINUSE,
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  formatAddress,
  join,
  listen,
  memoryStatistics,
  peerName,
  Poller,
  POLL_IN,
  POLL_OUT,
  random,
  recv,
  recvFrom,
  send,
  sendTo,
  setBlocking,
  SHUT_WR,
  shutdown,
  socket,
  SocketName,
  spawn,
  TCP,
  UDP,
} from 'onering'
import { begin, equal, finish, ok } from './tap'

const HERE = address(127, 0, 0, 1)
const BULK = 300_000

let received = 0
let isEqual = true

/** Echoes one connection to its end. */
function echo(listener: u32): void {
  const fd = accept(<i32>listener)
  const data = new Uint8Array(5000)
  while (true) {
    const length = recv(fd, data)
    if (length <= 0) break
    for (let sent = 0; sent < length;) sent += send(fd, data, sent, length - sent)
  }
  close(fd)
}

const sentBytes = new Uint8Array(BULK)

function reader(fd: u32): void {
  const data = new Uint8Array(3333)
  while (true) {
    const length = recv(<i32>fd, data)
    if (length <= 0) break
    for (let i = 0; i < length; i++) if (data[i] != sentBytes[received + i]) isEqual = false
    received += length
  }
}

function streams(): void {
  const listener = socket(TCP)
  equal(bind(listener, 0, 7), 0, 'bind')
  equal(listen(listener, 5), 0, 'listen')
  const other = socket(TCP)
  equal(bind(other, 0, 7), -EADDRINUSE, 'a port is given once')
  close(other)
  const server = spawn(echo, listener)
  const client = socket(TCP)
  equal(connect(client, HERE, 7), 0, 'connect')
  const name = new SocketName()
  peerName(client, name)
  ok(formatAddress(name.address) == '127.0.0.1' && name.port == 7, 'the peer has a name')
  random(sentBytes)
  const background = spawn(reader, client)
  let sent = 0
  while (sent < BULK) sent += send(client, sentBytes, sent, min(7000, BULK - sent))
  shutdown(client, SHUT_WR)
  join(background)
  join(server)
  equal(received, BULK, 'everything comes back')
  ok(isEqual, 'and is the same')
  close(client)
  close(listener)
}

function errors(): void {
  const data = new Uint8Array(10)
  equal(send(1234, data), -EBADF, 'a number that is no descriptor')
  const fd = socket(TCP)
  equal(connect(fd, HERE, 9), -ECONNREFUSED, 'nobody listens')
  close(fd)
  equal(close(fd), -EBADF, 'closed is closed')
}

function datagrams(): void {
  const server = socket(UDP)
  const client = socket(UDP)
  equal(bind(server, 0, 7), 0, 'UDP has its own ports')
  bind(client, HERE, 5000)
  const to = new SocketName()
  to.address = HERE
  to.port = 7
  const data = new Uint8Array(20000)
  random(data)
  equal(sendTo(client, data, data.length, to), data.length, 'a datagram larger than the MTU')
  const copy = new Uint8Array(30000)
  const from = new SocketName()
  equal(recvFrom(server, copy, from), data.length, 'arrives whole')
  equal(memory.compare(copy.dataStart, data.dataStart, data.length), 0, 'and unchanged')
  equal(from.port, 5000, 'with its sender')
  setBlocking(server, false)
  equal(recvFrom(server, copy, from), -EAGAIN, 'a socket that does not block says so')
  close(server)
  close(client)
}

function readiness(): void {
  const poller = new Poller()
  const fd = socket(UDP)
  bind(fd, 0, 70)
  poller.add(fd, POLL_IN, 42)
  equal(poller.wait(0), 0, 'nothing is ready')
  equal(poller.wait(20), 0, 'nothing becomes ready')
  poller.modify(fd, POLL_IN | POLL_OUT, 43)
  equal(poller.wait(), 1, 'it can be written')
  equal(poller.token(0), 43, 'the token comes back')
  equal(poller.readiness(0), POLL_OUT, 'only what is ready is told')
  const to = new SocketName()
  to.address = HERE
  to.port = 70
  sendTo(fd, new Uint8Array(3), 3, to)
  poller.modify(fd, POLL_IN, 44)
  equal(poller.wait(1000), 1, 'a datagram has come')
  equal(poller.wait(0), 1, 'and is reported as long as it is there')
  close(fd)
  equal(poller.wait(0), 0, 'a closed descriptor is watched no longer')
  poller.close()
}

export function main(): i32 {
  begin()
  streams()
  errors()
  datagrams()
  readiness()
  equal(memoryStatistics().descriptors, 0, 'no descriptor is left')
  return finish()
}
