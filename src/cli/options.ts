import { UsageError } from './errors.ts'

/** A forwarded port: connections to `hostAddress:host` on this computer reach port `guest` of the machine. */
export interface Forward {
  hostAddress: string
  host: number
  guest: number
  protocol: 'tcp' | 'udp'
}

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** `64M`, `1G`, `524288k` or plain bytes → bytes, at least 1. */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+)\s*([kmg]?)i?b?$/i.exec(text.trim())
  const bytes = match ? Number(match[1]) * (units[match[2]!.toLowerCase()] ?? NaN) : NaN
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new UsageError(`${option} ${text}: not a size; write for example ${option} 256M`)
  return bytes
}

function parsePort(text: string, whole: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(port >= 1 && port <= 65535))
    throw new UsageError(
      `-p ${whole}: ${text || 'nothing'} is no port; ports are 1 to 65535, as in -p 7007:7`,
    )
  return port
}

/** `[ADDRESS:]HOST:GUEST[/udp|/tcp]` → a forwarded port; the address is 127.0.0.1 unless given. */
export function parseForward(text: string): Forward {
  const [ports = '', protocol = 'tcp', ...rest] = text.split('/')
  if (rest.length > 0 || (protocol !== 'tcp' && protocol !== 'udp'))
    throw new UsageError(`-p ${text}: write HOST:GUEST or HOST:GUEST/udp, as in -p 7007:7`)
  const parts = ports.split(':')
  if (parts.length < 2 || parts.length > 3)
    throw new UsageError(
      `-p ${text}: write HOST:GUEST, the port here and the port in the guest, as in -p 7007:7`,
    )
  const [guest, host, hostAddress = '127.0.0.1'] = parts.toReversed() as [string, string, string?]
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(hostAddress))
    throw new UsageError(`-p ${text}: ${hostAddress} is no IPv4 address of this computer`)
  return { hostAddress, host: parsePort(host, text), guest: parsePort(guest, text), protocol }
}

/** A whole number within a range, from the command line. */
export function parseCount(text: string, option: string, min: number, max: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max))
    throw new UsageError(`${option} ${text}: not a number from ${min} to ${max}`)
  return value
}

/** One of a fixed set of words. */
export function parseChoice<T extends string>(text: string, option: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text)
  if (!found) throw new UsageError(`${option} ${text}: unknown; choose ${choices.join(', ')}`)
  return found
}

/** An option that is left out when it was not given. */
export function optional<Name extends string, T>(name: Name, value: T | undefined): { [Key in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: T }
}
