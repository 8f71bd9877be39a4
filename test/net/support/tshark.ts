import { execFileSync } from 'node:child_process'

/** A payload on a random port must not be taken for the protocol that some program once had there. */
const plain = ['-d', 'udp.port==1024-65535,data', '-d', 'tcp.port==1024-65535,data']

/** Reads a capture with Wireshark's dissectors, checking every checksum. */
export function tshark(file: string, ...args: string[]): string {
  const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`])
  return execFileSync('tshark', ['-r', file, ...checks, ...plain, ...args], {
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
