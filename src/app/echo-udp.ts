/** A UDP echo server on port 7 (RFC 862): every datagram goes back to where it came from. */
import { bind, console, EAGAIN, recvFrom, sendTo, socket, SocketName, UDP } from 'onering'

const PORT: u32 = 7
/** The longest datagram that IPv4 can carry. */
const LONGEST = 65507

export function main(): i32 {
  const fd = socket(UDP)
  const status = bind(fd, 0, PORT)
  if (status < 0) {
    console.error(`cannot bind port ${PORT}: error ${-status}`)
    return 1
  }
  console.log(`echo-udp listens on port ${PORT}`)
  const data = new Uint8Array(LONGEST)
  const peer = new SocketName()
  while (true) {
    const length = recvFrom(fd, data, peer)
    if (length < 0) {
      // An error that an earlier answer has caused, such as a port that nobody listens on any longer.
      if (length != -EAGAIN) console.error(`a datagram was lost: error ${-length}`)
      continue
    }
    sendTo(fd, data, length, peer)
  }
}
