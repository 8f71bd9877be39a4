/** Error numbers, as in Linux's `asm-generic/errno.h`. Functions of the stack return them negated. */

export const EPERM: i32 = 1
export const EINTR: i32 = 4
export const EAGAIN: i32 = 11
export const ENOMEM: i32 = 12
export const EACCES: i32 = 13
export const EINVAL: i32 = 22
export const EPIPE: i32 = 32
export const EDESTADDRREQ: i32 = 89
export const EMSGSIZE: i32 = 90
export const EOPNOTSUPP: i32 = 95
export const EADDRINUSE: i32 = 98
export const EADDRNOTAVAIL: i32 = 99
export const ENETUNREACH: i32 = 101
export const ECONNABORTED: i32 = 103
export const ECONNRESET: i32 = 104
export const ENOBUFS: i32 = 105
export const EISCONN: i32 = 106
export const ENOTCONN: i32 = 107
export const ETIMEDOUT: i32 = 110
export const ECONNREFUSED: i32 = 111
export const EHOSTUNREACH: i32 = 113
export const EALREADY: i32 = 114
export const EINPROGRESS: i32 = 115
/** Name resolution: the server says that there is no such name. Beyond Linux's errno range on purpose. */
export const ENONAME: i32 = 200
/** Name resolution: no server gave a usable answer. */
export const ENAMEAGAIN: i32 = 201
