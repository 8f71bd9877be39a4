/** The table of open descriptors. A descriptor is a small number; the lowest free one is taken, as POSIX asks. */
import { EBADF, EMFILE } from '../api/errno'
import { afterStackCall } from '../driver/network'
import { TcpSocket } from '../net/tcp/socket'
import { UdpSocket } from '../net/udp/socket'
import { wakeAll, currentThread } from '../task/scheduler'
import { newWaitQueue, WaitQueue } from '../task/wait-queue'
import { closePipe, Pipe } from './pipe'
import { closePoller, forgetDescriptor, Poller, Watch } from './poller'

export const TCP: u32 = 1
export const UDP: u32 = 2
export const POLLER: u32 = 3
export const PIPE: u32 = 4

/** 0, 1 and 2 are the console. */
const FIRST: i32 = 3
const MOST: i32 = 65536

@unmanaged
export class Descriptor {
  number: i32
  kind: u32
  tcp: TcpSocket | null
  udp: UdpSocket | null
  poller: Poller | null
  pipe: Pipe | null
  isNonBlocking: bool
  /** Id of the thread that opened it: what a killed thread leaves behind is closed. */
  opener: u32
  waiters: WaitQueue
  /** Pollers that watch it. */
  watches: Watch | null
}

let table: usize = 0
let capacity: i32 = 0
/** No free number lies below. */
let lowestFree: i32 = 3
let openCount: u32 = 0

function at(number: i32): Descriptor | null {
  return changetype<Descriptor | null>(load<usize>(table + ((<usize>number) << 2)))
}

function grow(): bool {
  const larger = capacity == 0 ? 64 : capacity * 2
  if (larger > MOST) return false
  const memory_ = heap.alloc((<usize>larger) << 2)
  memory.copy(memory_, table, (<usize>capacity) << 2)
  memory.fill(memory_ + ((<usize>capacity) << 2), 0, (<usize>(larger - capacity)) << 2)
  if (table != 0) heap.free(table)
  table = memory_
  capacity = larger
  return true
}

/** A new descriptor of `kind`, or null when there are too many. */
export function openDescriptor(kind: u32): Descriptor | null {
  let number = lowestFree
  while (number < capacity && at(number) !== null) number++
  if (number >= capacity && !grow()) return null
  const descriptor = changetype<Descriptor>(heap.alloc(offsetof<Descriptor>()))
  memory.fill(changetype<usize>(descriptor), 0, offsetof<Descriptor>())
  descriptor.number = number
  descriptor.kind = kind
  descriptor.opener = currentThread().id
  descriptor.waiters = newWaitQueue()
  store<usize>(table + ((<usize>number) << 2), changetype<usize>(descriptor))
  lowestFree = number + 1
  openCount++
  return descriptor
}

/** The open descriptor `number`, or null. */
export function findDescriptor(number: i32): Descriptor | null {
  return number >= FIRST && number < capacity ? at(number) : null
}

export function openDescriptors(): u32 {
  return openCount
}

/** Frees `descriptor`, whose socket is gone already. */
function remove(descriptor: Descriptor): void {
  forgetDescriptor(descriptor)
  wakeAll(descriptor.waiters)
  store<usize>(table + ((<usize>descriptor.number) << 2), 0)
  lowestFree = min(lowestFree, descriptor.number)
  openCount--
  heap.free(changetype<usize>(descriptor.waiters))
  heap.free(changetype<usize>(descriptor))
}

/** Closes a descriptor; a connection is closed in order, or reset if `isAborted`. */
function end(descriptor: Descriptor, isAborted: bool): void {
  const tcp = descriptor.tcp
  if (tcp) {
    tcp.owner = 0
    if (isAborted) tcp.abort()
    else tcp.close()
  }
  const udp = descriptor.udp
  if (udp) {
    udp.owner = 0
    udp.close()
  }
  const poller = descriptor.poller
  if (poller) closePoller(poller)
  const pipe = descriptor.pipe
  if (pipe) closePipe(descriptor, pipe)
  remove(descriptor)
}

/** As POSIX `close`; threads that wait on the descriptor get EBADF. */
export function close(fd: i32): i32 {
  const descriptor = findDescriptor(fd)
  if (descriptor === null) return -EBADF
  end(descriptor, false)
  afterStackCall()
  return 0
}

/** Resets and closes everything that thread `id` has opened. */
export function releaseDescriptorsOf(id: u32): void {
  for (let number = FIRST; number < capacity; number++) {
    const descriptor = at(number)
    if (descriptor !== null && descriptor.opener == id) end(descriptor, true)
  }
  afterStackCall()
}

/** What `openDescriptor` has failed with. */
export const OPEN_FAILED: i32 = -EMFILE
