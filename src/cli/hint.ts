import type { Forward } from './options.ts'

const listening = /listen(?:s|ing) on (?:(tcp|udp) )?port (\d+)/i

/**
 * What to type next, when a guest has just said on its serial port that it listens: the sample applications print
 * `listening on port 7`, and any application that does the same gets the hint.
 */
export function hintFor(serialLine: string, forwards: readonly Forward[]): string | null {
  const match = listening.exec(serialLine)
  if (!match) return null
  const guest = Number(match[2])
  const protocol = match[1]?.toLowerCase()
  const forward = forwards.find((f) => f.guest === guest && (!protocol || f.protocol === protocol))
  if (!forward) return null
  const { hostAddress, host } = forward
  const command =
    guest === 80 || guest === 8080
      ? `curl http://${hostAddress}:${host}/`
      : `nc ${forward.protocol === 'udp' ? '-u ' : ''}${hostAddress} ${host}`
  return `serving on ${hostAddress}:${host}; now type, in another terminal:  ${command}`
}
