/** What `import … from 'onering'` gives an application. Nothing else of the kernel is public. */
export { console, print } from './api/application/console'
export { date, monotonic, sleep } from './api/application/time'
export { currentThread, spawn, join, yieldNow } from './api/application/thread'
export { exit, getppid, memoryStatistics, MemoryStatistics, random } from './api/application/process'
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
} from './api/application/socket'
export { Poller, POLL_IN, POLL_OUT, POLL_ERR, POLL_HUP, POLL_RDHUP, PollEntry, poll } from './api/application/poller'
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
} from './api/errno'
