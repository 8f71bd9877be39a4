/** What an entry into the kernel has left at the top of the thread's kernel stack (`src/toolchain/entry/`). */
import { savedRsp } from '../lib/image'
import { LARGEST_STACK } from '../mm/stacks'
import { Thread } from './thread'

/** Selectors of ring 3's stack: from SYSRET and IRET, and from SYSEXIT. Addresses so low are never mapped. */
const USER_SS: u64 = 0x23
const USER_SS_SYSEXIT: u64 = 0x33

/** RSP of the application's code when it entered the kernel. A processor that changes stacks itself pushes SS first. */
export function savedStackPointer(stackTop: usize): usize {
  if (savedRsp() != 8) return <usize>load<u64>(stackTop - savedRsp())
  const first = load<u64>(stackTop - 8)
  const isSelector = first == USER_SS || first == USER_SS_SYSEXIT
  return <usize>(isSelector ? load<u64>(stackTop - 16) : first)
}

/** Whether `rsp` lies on the thread's stack for the application. */
export function isOnUserStack(thread: Thread, rsp: usize): bool {
  return rsp >= thread.userStackTop - LARGEST_STACK && rsp < thread.userStackTop
}
