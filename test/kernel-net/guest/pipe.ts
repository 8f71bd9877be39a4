/** Two stacks in one memory, joined by a queue of frames without the driver in between: for measuring speed. */
import { NetStack } from '../../../src/kernel/net/stack'
import { Interface } from '../../../src/kernel/net/interface'
import { TcpSocket } from '../../../src/kernel/net/tcp/socket'

const SLOT: usize = 2048
const SLOTS: u32 = 1024
const PORT: u32 = 9

let clock: u64 = 1_000_000_000
let seed: u64 = 1

function now(): u64 {
  return clock
}

function random(): u64 {
  seed = seed * 6364136223846793005 + 1442695040888963407
  return seed ^ (seed >> 33)
}

@unmanaged
class End {
  stack: NetStack = new NetStack(now, random)
  nic: Interface | null = null
  /** Frames for the other end. */
  frames: usize = heap.alloc(SLOT * (SLOTS as usize))
  head: u32 = 0
  tail: u32 = 0
}

function transmit(context: usize, frame: usize, length: u32): bool {
  const end = changetype<End>(context)
  if (end.tail - end.head == SLOTS) return false
  const slot = end.frames + ((end.tail++ & (SLOTS - 1)) as usize) * SLOT
  store<u32>(slot, length)
  memory.copy(slot + 16, frame, length)
  return true
}

function makeEnd(mac: u64, address: u32, offload: u32): End {
  const end = new End()
  const nic = end.stack.addInterface(mac, 1500, transmit, changetype<usize>(end), offload)
  nic.setAddress(address, 24)
  end.nic = nic
  return end
}

function drain(from: End, to: End, flags: u32): bool {
  if (from.head == from.tail) return false
  const nic = to.nic as Interface
  while (from.head != from.tail) {
    const slot = from.frames + ((from.head & (SLOTS - 1)) as usize) * SLOT
    to.stack.receive(nic, slot + 16, load<u32>(slot), flags)
    from.head++
  }
  const own = from.nic as Interface
  if (own.blocked) from.stack.transmitReady(own)
  return true
}

/** Moves `total` bytes from one stack to another; returns how many arrived. `offload` as for `addInterface`. */
export function pipeBulk(total: f64, chunk: u32, offload: u32): f64 {
  const a = makeEnd(0x020000000001, 0x0a000001, offload)
  const b = makeEnd(0x020000000002, 0x0a000002, offload)
  const flags: u32 = offload ? 1 : 0
  const listener = b.stack.tcpOpen()
  listener.bind(0, PORT)
  listener.listen(1)
  const sender = a.stack.tcpOpen()
  sender.connect(0x0a000002, PORT)
  const data = heap.alloc(chunk)
  memory.fill(data, 0x5a, chunk)
  let receiver: TcpSocket | null = null
  let sent: f64 = 0
  let received: f64 = 0
  let idle = 0
  while (received < total && idle < 1000) {
    let moved = drain(a, b, flags)
    if (drain(b, a, flags)) moved = true
    if (!receiver) receiver = listener.accept()
    while (sent < total) {
      const taken = sender.send(data, min(chunk as f64, total - sent) as u32)
      if (taken <= 0) break
      sent += taken
      moved = true
    }
    if (receiver) {
      for (;;) {
        const got = receiver.recv(data, chunk, 0)
        if (got <= 0) break
        received += got
        moved = true
      }
    }
    clock += 10_000
    if (moved) {
      idle = 0
      continue
    }
    idle++
    clock += 50_000_000
    a.stack.poll()
    b.stack.poll()
  }
  heap.free(data)
  a.stack.destroy()
  b.stack.destroy()
  heap.free(a.frames)
  heap.free(b.frames)
  heap.free(changetype<usize>(a))
  heap.free(changetype<usize>(b))
  return received
}
