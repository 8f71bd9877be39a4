import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pcap } from './pcap.ts'

export const hasTshark: boolean = spawnSync('tshark', ['--version']).status === 0

/** A display filter for everything that a frame must not be. */
export const BAD: string = [
  '_ws.malformed',
  ...['ip', 'tcp', 'udp', 'icmp'].map((p) => `${p}.checksum.status == "Bad"`),
].join(' || ')

/** The given fields of every frame that passes a display filter, one line each; checksums are verified. */
export function tshark(capture: Pcap, filter: string, ...fields: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'onering-pcap-'))
  try {
    const file = join(folder, 'capture.pcap')
    writeFileSync(file, capture.bytes())
    const checks = ['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`])
    const output = execFileSync(
      'tshark',
      ['-n', '-r', file, ...checks, '-Y', filter, '-T', 'fields', ...fields.flatMap((f) => ['-e', f])],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1 << 28,
      },
    )
    return output.split('\n').filter(Boolean)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
