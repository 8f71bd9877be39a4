/**
 * memtest86+ as Debian packages it, started by SeaBIOS and GRUB from a CD, to the end of its first pass. A program, not an everyday test, since the pass waits 160 s of the
 * guest's time to see whether bits fade: `npm run test:memtest [MIB]`. Status 0 after a pass without an error.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { screenText } from '../../src/devices/vga/screen.ts'
import { Machine } from '../../src/index.ts'
import { hasProgram } from '../support/programs.ts'
import { SEABIOS } from './support/boot-sector.ts'

const MEMTEST = '/boot/memtest86+x64.bin'
const MEMORY_MIB = Number(process.argv[2] ?? 8)
const TIMEOUT_SECONDS = 3600
const LOOK_MS = 500
const CONFIG = `
set timeout=0
menuentry "memtest86+" { linux /boot/memtest.bin }
`

for (const [isThere, name] of [
  [existsSync(MEMTEST), 'memtest86+'],
  [existsSync(SEABIOS), 'seabios'],
  [hasProgram('grub-mkrescue') && hasProgram('xorriso'), 'grub-common grub-pc-bin xorriso'],
  [hasProgram('mformat'), 'mtools'],
] as const)
  if (!isThere) {
    process.stderr.write(`missing: apt-get install ${name}\n`)
    process.exit(2)
  }

const folder = mkdtempSync(join(tmpdir(), 'onering-memtest-'))
const seconds = (): string => (performance.now() / 1000).toFixed(0).padStart(4)

try {
  const machine = await Machine.create({
    bios: { image: readFileSync(SEABIOS), bootOrder: 'd' },
    drives: [{ path: makeCd(), bus: 'cdrom', readonly: true }],
    memory: MEMORY_MIB << 20,
    idle: 'leap',
    timeoutSeconds: TIMEOUT_SECONDS,
  })
  let end: string | undefined
  const exit = machine.run().finally(() => (end ??= 'ended by itself'))
  let test: string | undefined
  for (; end === undefined; await sleep(LOOK_MS)) {
    const text = screenText(machine.screen()).join('\n')
    const [, shown] = /(Test #.*?) *$/m.exec(text) ?? []
    if (shown !== undefined && shown !== test) console.log(`${seconds()} s  ${(test = shown)}`)
    const [, passes, errors] = /Pass: +(\d+) +Errors: +(\d+)/.exec(text) ?? []
    if (Number(passes) > 0 || Number(errors) > 0) end = `Pass: ${passes}, Errors: ${errors}`
  }
  machine.stop()
  const { instructions, message } = await exit
  console.log(`${seconds()} s  ${end}; ${MEMORY_MIB} MiB, ${instructions} instructions, ${message}`)
  if (end !== 'Pass: 1, Errors: 0') {
    console.log(screenText(machine.screen()).join('\n'))
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}

function makeCd(): string {
  const root = join(folder, 'root')
  const image = join(folder, 'memtest.iso')
  mkdirSync(join(root, 'boot/grub'), { recursive: true })
  copyFileSync(MEMTEST, join(root, 'boot/memtest.bin'))
  writeFileSync(join(root, 'boot/grub/grub.cfg'), CONFIG)
  execFileSync('grub-mkrescue', ['-o', image, root], { stdio: 'ignore' })
  return image
}
