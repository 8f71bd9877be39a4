/** Datagrams that a socket sends to itself over the loopback interface: there and back, and each way by itself. */
import { bind, close, recvFrom, sendTo, socket, SocketName, UDP } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'
import { LONGEST, payloads } from './payloads'

const PORT: u32 = 9
const LOCALHOST: u32 = 0x7f00_0001

class Mirror {
  fd: i32 = socket(UDP)
  to: SocketName = new SocketName()
  from: SocketName = new SocketName()
  data: Uint8Array = new Uint8Array(LONGEST)

  constructor() {
    bind(this.fd, 0, PORT)
    this.to.address = LOCALHOST
    this.to.port = PORT
  }

  send(size: i32): void {
    sendTo(this.fd, this.data, size, this.to)
  }

  receive(): void {
    recvFrom(this.fd, this.data, this.from)
  }
}

export function datagramEcho(): void {
  const mirror = new Mirror()
  for (let n = 0; n < payloads.length; n++) {
    const id = Cases.UDP_ECHO + n
    begin(id)
    for (let i = 0; i < Cases.ECHOES; i++) {
      mirror.send(payloads[n])
      mirror.receive()
    }
    end(id)
  }
  close(mirror.fd)
}

/** What is sent is received only when all of it is there; the first round grows the buffers. */
export function datagramCalls(): void {
  const mirror = new Mirror()
  for (let n = 0; n < payloads.length; n++) {
    for (let round = 0; round < 2; round++) {
      if (round == 1) begin(Cases.SEND_TO + n)
      for (let i = 0; i < Cases.QUEUED; i++) mirror.send(payloads[n])
      if (round == 1) end(Cases.SEND_TO + n)
      if (round == 1) begin(Cases.RECV_FROM + n)
      for (let i = 0; i < Cases.QUEUED; i++) mirror.receive()
      if (round == 1) end(Cases.RECV_FROM + n)
    }
  }
  close(mirror.fd)
}
