/** TCP calls. Results are as POSIX's, errors negative errnos; a descriptor blocks unless it is set not to. */
import { EAGAIN, EBADF, EINPROGRESS, EINVAL, ENOMEM, EOPNOTSUPP } from '../api/errno'
import { afterStackCall, networkStack } from '../driver/network'
import { READY_ERR, READY_HUP, READY_OUT } from '../net/socket'
import { TcpSocket } from '../net/tcp/socket'
import { blockUntil } from '../task/scheduler'
import { Descriptor, findDescriptor, OPEN_FAILED, openDescriptor, TCP, UDP } from './descriptors'
import { readPipe, writePipe } from './pipe'

const NEVER: u64 = u64.MAX_VALUE

function adopt(socket: TcpSocket): i32 {
  const descriptor = openDescriptor(TCP)
  if (descriptor === null) {
    socket.abort()
    return OPEN_FAILED
  }
  descriptor.tcp = socket
  socket.owner = changetype<usize>(descriptor)
  return descriptor.number
}

/** As `socket(AF_INET, SOCK_STREAM)` for kind 1, `SOCK_DGRAM` for 2: the descriptor. */
export function socket(kind: u32): i32 {
  if (kind == TCP) {
    const tcp = networkStack().tcpOpen()
    return tcp === null ? -ENOMEM : adopt(tcp)
  }
  if (kind != UDP) return -EINVAL
  const descriptor = openDescriptor(UDP)
  if (descriptor === null) return OPEN_FAILED
  const udp = networkStack().udpOpen()
  descriptor.udp = udp
  udp.owner = changetype<usize>(descriptor)
  return descriptor.number
}

/** As `bind`. Address 0 means every interface, port 0 any free port. */
export function bind(fd: i32, address: u32, port: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  if (port > 65535) return -EINVAL
  const tcp = descriptor.tcp
  if (tcp) return tcp.bind(address, <u16>port)
  const udp = descriptor.udp
  return udp ? udp.bind(address, <u16>port) : -EINVAL
}

/** As `listen`. */
export function listen(fd: i32, backlog: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  const tcp = descriptor.tcp
  return tcp ? tcp.listen(backlog) : -EOPNOTSUPP
}

/** As `accept`: the new connection's descriptor. It blocks, whatever the listener does. */
export function accept(fd: i32): i32 {
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const tcp = descriptor.tcp
    if (tcp === null) return -EOPNOTSUPP
    const accepted = tcp.accept()
    if (accepted !== null) return adopt(accepted)
    if (descriptor.isNonBlocking) return -EAGAIN
    blockUntil(descriptor.waiters, NEVER)
  }
}

/** As `connect`. */
export function connect(fd: i32, address: u32, port: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  if (port > 65535) return -EINVAL
  const udp = descriptor.udp
  if (udp) return udp.connect(address, <u16>port)
  const tcp = descriptor.tcp
  if (tcp === null) return -EINVAL
  const status = tcp.connect(address, <u16>port)
  afterStackCall()
  if (status != -EINPROGRESS || descriptor.isNonBlocking) return status
  while (true) {
    const current = findDescriptor(fd)
    if (current !== descriptor) return -EBADF
    const readiness = tcp.readiness()
    if (readiness & (READY_ERR | READY_HUP)) return tcp.takeError()
    if (readiness & READY_OUT) return 0
    blockUntil(descriptor.waiters, NEVER)
  }
}

/** As `send`: the number of bytes taken, which may be fewer than offered. */
export function send(fd: i32, data: usize, length: u32): i32 {
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const tcp = descriptor.tcp
    const udp = descriptor.udp
    let result = -EINVAL
    if (tcp) result = tcp.send(data, length)
    else if (udp) result = udp.sendTo(data, length, 0, 0)
    else {
      const pipe = descriptor.pipe
      if (pipe) result = writePipe(descriptor, pipe, data, length)
    }
    afterStackCall()
    if (result != -EAGAIN || descriptor.isNonBlocking) return result
    blockUntil(descriptor.waiters, NEVER)
  }
}

/** As `recv`: the number of bytes, 0 at the end of the stream. Flag 2 leaves them to be read again. */
export function recv(fd: i32, data: usize, length: u32, flags: u32): i32 {
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const result = receive(descriptor, data, length, flags)
    afterStackCall()
    if (result != -EAGAIN || descriptor.isNonBlocking) return result
    blockUntil(descriptor.waiters, NEVER)
  }
}

function receive(descriptor: Descriptor, data: usize, length: u32, flags: u32): i32 {
  const tcp = descriptor.tcp
  if (tcp) return tcp.recv(data, length, flags)
  const udp = descriptor.udp
  if (udp) return udp.recvFrom(data, length, flags)
  const pipe = descriptor.pipe
  return pipe ? readPipe(descriptor, pipe, data, length) : -EINVAL
}

/** As `shutdown`: 0 no more reading, 1 no more writing, 2 both. */
export function shutdown(fd: i32, how: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  const tcp = descriptor.tcp
  if (tcp === null) return -EOPNOTSUPP
  const status = tcp.shutdown(how)
  afterStackCall()
  return status
}

/** Whether calls on the descriptor may wait. */
export function setBlocking(fd: i32, isBlocking: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  descriptor.isNonBlocking = isBlocking == 0
  return 0
}

const OPTION_ERROR: u32 = 1
const OPTION_NO_DELAY: u32 = 2
const OPTION_KEEP_ALIVE: u32 = 3
const OPTION_REUSE_ADDRESS: u32 = 4
const OPTION_LINGER: u32 = 5

/** Sets an option; `OPTION_ERROR` instead takes the pending error, a negative errno or 0. */
export function socketOption(fd: i32, option: u32, value: u32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  const udp = descriptor.udp
  if (udp) {
    if (option == OPTION_ERROR) return udp.takeError()
    if (option != OPTION_REUSE_ADDRESS) return -EINVAL
    udp.setReuseAddress(value != 0)
    return 0
  }
  const tcp = descriptor.tcp
  if (tcp === null) return -EINVAL
  if (option == OPTION_ERROR) return tcp.takeError()
  if (option == OPTION_NO_DELAY) tcp.setNoDelay(value != 0)
  else if (option == OPTION_KEEP_ALIVE)
    tcp.setKeepAlive(value != 0, <u64>value * 1_000_000_000, 10_000_000_000, 6)
  else if (option == OPTION_REUSE_ADDRESS) tcp.setReuseAddress(value != 0)
  else if (option == OPTION_LINGER) tcp.setLinger(true, value)
  else return -EINVAL
  return 0
}

/** Writes u32 address and u32 port of this end, or of the peer if `isPeer`, to `out`. */
export function socketName(fd: i32, isPeer: u32, out: usize): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  const tcp = descriptor.tcp
  const udp = descriptor.udp
  if (tcp) {
    store<u32>(out, isPeer ? tcp.remoteAddress : tcp.localAddress)
    store<u32>(out, isPeer ? tcp.remotePort : tcp.localPort, 4)
  } else if (udp) {
    store<u32>(out, isPeer ? udp.remoteAddress : udp.localAddress)
    store<u32>(out, isPeer ? udp.remotePort : udp.localPort, 4)
  } else return -EINVAL
  return 0
}
