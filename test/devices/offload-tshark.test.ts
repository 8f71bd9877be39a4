/** What the card sends in place of its driver, judged by Wireshark's dissectors. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { completeChecksum } from '../../src/devices/virtio/net/checksum.ts'
import { segmentTcp } from '../../src/devices/virtio/net/segment.ts'
import { hasProgram } from '../support/programs.ts'
import { buildFrame } from './support/frames.ts'
import { createRandom } from './support/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-offload-'))
afterAll(() => rmSync(folder, { recursive: true }))

function pcap(frames: Uint8Array[]): Uint8Array {
  const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
  const parts = [u32(0xa1b2c3d4, 0x0004_0002, 0, 0, 0x4_0000, 1)]
  frames.forEach((frame, i) => parts.push(u32(i, 0, frame.length, frame.length), frame))
  return Buffer.concat(parts)
}

test.skipIf(!hasProgram('tshark'))(
  'tshark finds every checksum right, nothing malformed, no byte of a stream missing',
  () => {
    const random = createRandom(17)
    const frames: Uint8Array[] = []
    const sequences = new Map<boolean, number>()
    for (let i = 0; i < 200; i++) {
      const ipv6 = random(2) === 1
      const payload = Uint8Array.from({ length: 1 + random(20_000) }, () => random(256))
      const sequence = sequences.get(ipv6) ?? 1000
      sequences.set(ipv6, sequence + payload.length)
      const packet = buildFrame({ ipv6, payload, sequence, flags: 0x18, sum: 'pseudo' })
      expect(segmentTcp(packet, ipv6, 536 + random(900), (segment) => frames.push(segment))).toBe(true)
      const datagram = buildFrame({
        ipv6,
        protocol: 17,
        payload: payload.subarray(0, 1400),
        ports: [9, 9],
        sum: 'pseudo',
      })
      expect(completeChecksum(datagram, ipv6 ? 54 : 34, 6)).toBe(true)
      frames.push(datagram)
    }
    const file = join(folder, 'offload.pcap')
    writeFileSync(file, pcap(frames))
    const tshark = (filter: string): number => {
      const checks = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
      return execFileSync('tshark', ['-n', '-r', file, ...checks, '-Y', filter], {
        maxBuffer: 1 << 28,
        stdio: 'pipe',
      })
        .toString()
        .split('\n')
        .filter((line) => line !== '').length
    }
    expect(tshark('tcp.checksum.status == "Good" || udp.checksum.status == "Good"')).toBe(frames.length)
    expect(
      tshark(
        'ip.checksum.status == "Bad" || (_ws.malformed && tcp) || tcp.analysis.lost_segment || tcp.analysis.retransmission || tcp.analysis.out_of_order',
      ),
    ).toBe(0)
  },
)
