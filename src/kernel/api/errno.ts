/** Error numbers that calls return negated, besides those of the network stack; Linux's values. */
export {
  EAGAIN,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EADDRINUSE,
  EHOSTUNREACH,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENETUNREACH,
  ENOMEM,
  ENONAME,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  ETIMEDOUT,
} from '../net/errno'

export const ESRCH: i32 = 3
export const EBADF: i32 = 9
export const EFAULT: i32 = 14
export const EEXIST: i32 = 17
export const EMFILE: i32 = 24
export const ENOENT: i32 = 2
export const ENOSYS: i32 = 38
