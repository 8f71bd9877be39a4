/**
 * virtio-net (virtio 1.2 §5.1) under the TCP/IP stack: one pair of queues, checksum offload both ways, mergeable
 * receive buffers. An interrupt masks itself; frames are then polled until none is left.
 */
import { read16 } from '../lib/cpu'
import { random64 } from '../lib/random'
import { findFunction, routeMsix } from '../bus/pci'
import { allocateFrames, freeBytes, PAGE_SIZE } from '../mm/frames'
import { DhcpClient } from '../net/dhcp/client'
import {
  Interface,
  OFFLOAD_RX_CHECKSUM,
  OFFLOAD_TX_CHECKSUM,
  RX_CHECKSUM_PARTIAL,
  RX_CHECKSUM_VALID,
} from '../net/interface'
import { NetStack } from '../net/stack'
import { onReadiness } from '../socket/readiness'
import { monotonicNs } from '../task/clock'
import { NETWORK } from '../trap/vectors'
import { FEATURE_EVENT_INDEX, VENDOR, VirtioDevice } from './virtio-device'
import { Virtqueue } from './virtqueue'

const DEVICE_MODERN: u32 = 0x1041
const DEVICE_TRANSITIONAL: u32 = 0x1000

const FEATURE_CSUM: u64 = 1 << 0
const FEATURE_GUEST_CSUM: u64 = 1 << 1
const FEATURE_MAC: u64 = 1 << 5
const FEATURE_MRG_RXBUF: u64 = 1 << 15

const HEADER: u32 = 12
const NEEDS_CHECKSUM: u32 = 1
const DATA_VALID: u32 = 2

const BUFFER: usize = 2048
const MTU: u32 = 1500
/** Frames taken in one go before the stack's replies are sent. */
const BUDGET: u32 = 64

const device: VirtioDevice = changetype<VirtioDevice>(memory.data(64, 16))
const receiveQueue: Virtqueue = changetype<Virtqueue>(memory.data(80, 16))
const transmitQueue: Virtqueue = changetype<Virtqueue>(memory.data(80, 16))

let stack: NetStack = changetype<NetStack>(0)
let nic: Interface | null = null
let dhcp: DhcpClient | null = null
let transmitBuffers: usize = 0
/** The stack has a frame for which there was no room. */
let isStalled: bool = false
let deadlineNs: u64 = 0xffff_ffff_ffff_ffff

export function networkStack(): NetStack {
  return stack
}

/** The state of address configuration; null without a network card. */
export function dhcpClient(): DhcpClient | null {
  return dhcp
}

function dhcpChanged(_context: usize, _client: DhcpClient): void {}

/** Starts the stack, and the card if there is one. */
export function initNetwork(): void {
  stack = new NetStack(monotonicNs, random64)
  stack.onReadiness = onReadiness
  // The kernel's heap cannot refuse: the stack must stop asking long before memory runs out.
  stack.memoryLimit = <u32>min<usize>(freeBytes() >> 2, 64 << 20)
  stack.addLoopback()
  if (openCard()) dhcp = stack.dhcpStart(nic!, dhcpChanged, 0)
  afterStackCall()
}

function openCard(): bool {
  const pci = findFunction(VENDOR, DEVICE_MODERN, DEVICE_TRANSITIONAL)
  if (pci == u32.MAX_VALUE || !device.open(pci)) return false
  if (
    !device.negotiate(
      FEATURE_CSUM | FEATURE_GUEST_CSUM | FEATURE_MAC | FEATURE_MRG_RXBUF | FEATURE_EVENT_INDEX,
    )
  )
    return false
  if (!routeMsix(pci, 0, NETWORK)) return device.fail()
  if (!receiveQueue.open(device, 0, 0) || !transmitQueue.open(device, 1, 0)) return device.fail()
  const receiveBuffers = allocateFrames((receiveQueue.size * BUFFER) / PAGE_SIZE)
  transmitBuffers = allocateFrames((transmitQueue.size * BUFFER) / PAGE_SIZE)
  if (receiveBuffers == 0 || transmitBuffers == 0) return device.fail()
  device.start()
  for (let i: u32 = 0; i < receiveQueue.size; i++)
    receiveQueue.offer(receiveBuffers + i * BUFFER, <u32>BUFFER, true)
  transmitQueue.disableInterrupts()
  receiveQueue.enableInterrupts(1)
  receiveQueue.notify()
  let offload: u32 = 0
  if (device.has(FEATURE_CSUM)) offload |= OFFLOAD_TX_CHECKSUM
  if (device.has(FEATURE_GUEST_CSUM)) offload |= OFFLOAD_RX_CHECKSUM
  nic = stack.addInterface(macAddress(), MTU, transmit, 0, offload)
  return true
}

/** The card's address, first byte on the wire in the highest place; a random local one if it has none. */
function macAddress(): u64 {
  if (!device.has(FEATURE_MAC)) return (random64() & 0xfcff_ffff_ffff) | 0x0200_0000_0000
  return bswap<u64>(device.readConfig64(0)) >> 16
}

/** Takes a frame from the stack; false when the queue is full. */
function transmit(_context: usize, frame: usize, length: u32): bool {
  const card = nic!
  if (transmitQueue.freeCount == 0) reclaim()
  if (transmitQueue.freeCount == 0) {
    isStalled = true
    transmitQueue.enableInterrupts(transmitQueue.size >> 1)
    return false
  }
  const buffer = transmitBuffers + transmitQueue.nextDescriptor() * BUFFER
  memory.fill(buffer, 0, HEADER)
  if (card.checksumStart != 0) {
    store<u8>(buffer, <u8>NEEDS_CHECKSUM)
    store<u16>(buffer, <u16>card.checksumStart, 6)
    store<u16>(buffer, <u16>card.checksumOffset, 8)
  }
  memory.copy(buffer + HEADER, frame, length)
  transmitQueue.offer(buffer, HEADER + length, false)
  return true
}

/** Takes back the buffers of frames that have been sent. */
function reclaim(): void {
  while (transmitQueue.take() >= 0) {}
}

/** Hands one received frame to the stack and offers its buffer again. */
function receiveOne(id: i32): void {
  const buffer = receiveQueue.bufferOf(id)
  const length = receiveQueue.takenLength
  const count = read16(buffer + 10)
  if (length > HEADER && count == 1) {
    const flags = <u32>load<u8>(buffer)
    let checksum: u32 = 0
    if (flags & NEEDS_CHECKSUM) checksum = RX_CHECKSUM_PARTIAL
    else if (flags & DATA_VALID) checksum = RX_CHECKSUM_VALID
    stack.receive(nic!, buffer + HEADER, length - HEADER, checksum)
  } else {
    // Larger than one buffer, so larger than our MTU: dropped with all its parts.
    for (let part: u32 = 1; part < count; part++) {
      const next = receiveQueue.take()
      if (next < 0) break
      receiveQueue.offer(receiveQueue.bufferOf(next), <u32>BUFFER, true)
    }
  }
  receiveQueue.offer(buffer, <u32>BUFFER, true)
}

/** Attends to the card until it has nothing left, then asks for interrupts again. */
export function pollNetwork(): void {
  if (nic === null) return
  receiveQueue.disableInterrupts()
  do {
    for (let count: u32 = 0; count < BUDGET; count++) {
      const id = receiveQueue.take()
      if (id < 0) break
      receiveOne(id)
    }
    receiveQueue.notify()
    reclaim()
    if (isStalled && transmitQueue.freeCount != 0) {
      isStalled = false
      transmitQueue.disableInterrupts()
      stack.transmitReady(nic!)
    }
    transmitQueue.notify()
  } while (receiveQueue.enableInterrupts(1))
  afterStackCall()
}

/** Runs what is due in the stack. */
export function runNetworkTimers(nowNs: u64): void {
  if (nowNs >= deadlineNs) afterStackCall()
}

/** After any call of the stack: delivers the loopback, sends what has been queued, notes the next deadline. */
export function afterStackCall(): void {
  let deadline = stack.nextDeadline()
  while (deadline <= monotonicNs()) deadline = stack.poll()
  deadlineNs = deadline
  if (nic !== null) transmitQueue.notify()
}

/** When the stack next needs the timer. */
export function networkDeadline(): u64 {
  return deadlineNs
}
