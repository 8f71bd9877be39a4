/** What went wrong between us and the host, as a word a program can test. */
export type NetErrorCode =
  | 'port-in-use'
  | 'port-forbidden'
  | 'address-unavailable'
  | 'bad-option'
  | 'no-peer'
  | 'peer-refused'
  | 'peer-lost'
  | 'bad-frame'
  | 'file'

/** An error of the host's end of the wire. `message` is one line: what is wrong, and what to do. */
export class NetError extends Error {
  readonly code: NetErrorCode

  constructor(code: NetErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NetError'
    this.code = code
  }
}

/** The `code` of a Node system error (`EADDRINUSE`), or an empty string. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' ? code : ''
}

/** The error of a host port that could not be bound. */
export function bindError(error: unknown, protocol: string, address: string, port: number): NetError {
  const where = `${protocol.toUpperCase()} port ${port} on ${address}`
  const advice = 'choose another host port with -p HOST:GUEST'
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new NetError(
        'port-in-use',
        `${where} is already in use: ${advice}, or stop the program that holds it`,
        error,
      )
    case 'EACCES':
      return new NetError('port-forbidden', `${where} needs privileges: ${advice} above 1023`, error)
    case 'EADDRNOTAVAIL':
      return new NetError('address-unavailable', `${where}: the host has no such address`, error)
    default:
      return new NetError('address-unavailable', `${where} cannot be bound: ${describe(error)}`, error)
  }
}

/** One line about anything thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
