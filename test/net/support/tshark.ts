import { execFileSync } from 'node:child_process'

/** Reads a capture with Wireshark's dissectors, checking every checksum. */
export function tshark(file: string, ...args: string[]): string {
  const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`])
  return execFileSync('tshark', ['-r', file, ...checks, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 << 20,
  })
}

/** The packets that Wireshark finds malformed or with a wrong checksum, one line each. */
export function malformed(file: string): string {
  const wrong = [
    '_ws.malformed',
    'ip.checksum.status == 0',
    'udp.checksum.status == 0',
    'tcp.checksum.status == 0',
    'icmp.checksum.status == 0',
  ]
  return tshark(file, '-Y', wrong.join(' || '))
}
