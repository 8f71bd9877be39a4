/** UDP calls beyond those that UDP shares with TCP. */
import { EAGAIN, EBADF, EINVAL, EOPNOTSUPP } from '../api/errno'
import { afterStackCall } from '../driver/network'
import { blockUntil } from '../task/scheduler'
import { findDescriptor } from './descriptors'

const NEVER: u64 = u64.MAX_VALUE

/** As `sendto`. */
export function sendTo(fd: i32, data: usize, length: u32, address: u32, port: u32): i32 {
  if (port > 65535) return -EINVAL
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const udp = descriptor.udp
    if (udp === null) return -EOPNOTSUPP
    const result = udp.sendTo(data, length, address, <u16>port)
    afterStackCall()
    if (result != -EAGAIN || descriptor.isNonBlocking) return result
    blockUntil(descriptor.waiters, NEVER)
  }
}

/** As `recvfrom`; the sender's u32 address and u32 port go to `from`. */
export function recvFrom(fd: i32, data: usize, length: u32, from: usize): i32 {
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const udp = descriptor.udp
    if (udp === null) return -EOPNOTSUPP
    const result = udp.recvFrom(data, length, 0)
    if (result >= 0) {
      store<u32>(from, udp.fromAddress)
      store<u32>(from, udp.fromPort, 4)
    }
    if (result != -EAGAIN || descriptor.isNonBlocking) return result
    blockUntil(descriptor.waiters, NEVER)
  }
}
