/** What `import … from 'onering'` gives an application. Nothing else of the kernel is public. */
export { console, print } from './application/console'
export { date, monotonicTime, sleep } from './application/time'
export { mapMemory, unmapMemory } from './application/memory'
export { pipe, PipeEnds } from './application/pipe'
export { DescriptorSets, select } from './application/select'
export { onUpcall, raise } from './application/upcall'
export { currentThread, spawn, join, yieldNow } from './application/thread'
export { exit, getppid, mark, memoryStatistics, MemoryStatistics, random } from './application/process'
export {
  TCP,
  UDP,
  SHUT_RD,
  SHUT_WR,
  SHUT_RDWR,
  MSG_PEEK,
  SO_ERROR,
  SO_NODELAY,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_LINGER,
  accept,
  address,
  bind,
  close,
  connect,
  formatAddress,
  listen,
  peerName,
  recv,
  recvFrom,
  resolve,
  send,
  sendTo,
  setBlocking,
  shutdown,
  SocketName,
  socket,
  socketName,
  socketOption,
} from './application/socket'
export {
  Poller,
  POLL_IN,
  POLL_OUT,
  POLL_ERR,
  POLL_HUP,
  POLL_RDHUP,
  PollEntry,
  poll,
} from './application/poller'
export {
  EAGAIN,
  EADDRINUSE,
  EBADF,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EMFILE,
  EMSGSIZE,
  ENOMEM,
  ENOTCONN,
  EPIPE,
  ETIMEDOUT,
} from './errno'
