/**
 * Debian's kernel, stopped after random numbers of instructions, saved, and taken up by a new process: it must end in the state of an uninterrupted
 * boot, with the same output. A program, not an everyday test: `npx tsx test/linux/snapshot.fuzz.ts [ROUNDS]`, after a build.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../devices/support/random.ts'
import { openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

const ROUNDS = Number(process.argv[2] ?? 3)
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
/** Cuts in one round: each piece is a process of its own. */
const CUTS = 2
const SCRIPT = `mkdir -p /mnt && mount -t tmpfs none /mnt && seq 1 20000 > /mnt/numbers
sha256sum /mnt/numbers; gzip /mnt/numbers; ls -l /mnt; cat /proc/interrupts; uptime; poweroff -f`

const folder = mkdtempSync(join(tmpdir(), 'onering-linux-snapshot-'))
const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
const random = createRandom(SEED)
const FIXED = ['--net', 'none', '--idle', 'leap', '--quiet']

interface Result {
  readonly stats: { stateHash: string; instructions: number; seconds: number; reason: string }
  readonly output: string
}

function onering(...args: string[]): Result {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [main, 'run', ...args, ...FIXED, '--stats', 'stats.json'],
    { cwd: folder, encoding: 'latin1', maxBuffer: 64 << 20 },
  )
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`)
  const stats = JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8')) as Result['stats']
  return { stats, output: stdout }
}

const debian = openDebian()
writeFileSync(join(folder, 'vmlinuz'), debian.kernel)
writeFileSync(
  join(folder, 'initrd'),
  buildInitramfs(debian, { script: SCRIPT, modules: ['virtio_pci', 'virtio_rng', 'virtio_blk'] }),
)
writeFileSync(join(folder, 'disk.img'), new Uint8Array(1 << 20))
const BOOT = [
  'vmlinuz',
  '--initrd',
  'initrd',
  '--append',
  'console=ttyS0 panic=-1',
  '--seed',
  '7',
  '--drive',
  'disk.img',
]

console.log(`replay: ONERING_SEED=${SEED} npx tsx test/linux/snapshot.fuzz.ts ${ROUNDS}`)
const whole = onering(...BOOT)
console.log(`uninterrupted: ${whole.stats.instructions} instructions, state ${whole.stats.stateHash}`)
let failures = 0
for (let round = 0; round < ROUNDS; round++) {
  const places = Array.from({ length: CUTS }, () => random(whole.stats.instructions)).toSorted(
    (a, b) => a - b,
  )
  let output = ''
  let start = BOOT
  for (const [i, place] of places.entries()) {
    output += onering(...start, '--save-at', String(place), `${i}.snap`).output
    start = ['--restore', `${i}.snap`]
  }
  const { stats, output: rest } = onering(...start)
  const isEqual = stats.stateHash === whole.stats.stateHash && output + rest === whole.output
  console.log(
    `${isEqual ? 'ok' : 'NOT EQUAL'}: saved after ${places.join(' and ')}; state ${stats.stateHash}`,
  )
  if (!isEqual) failures++
}
rmSync(folder, { recursive: true })
process.exitCode = failures === 0 ? 0 : 1
