/** Runs a multiboot image that reports on port 0xe9 and ends on port 0xf4: on our processor, and on QEMU. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMachine } from './machine.ts'
import { BASE } from './system-image.ts'

/** What QEMU's own model lacks of ours. */
const QEMU_CPU = 'qemu64,+smep,+smap,+umip,+fsgsbase,+pdpe1gb'
const ENTRY = BASE + 0x20
const MULTIBOOT_MAGIC = 0x2bad_b002n

export const haveQemu: boolean = spawnSync('qemu-system-x86_64', ['--version']).status === 0

/** The report, or an error that says how far it came. */
export function runHere(image: Uint8Array, budget = 20_000_000): Uint8Array {
  const machine = createMachine(32)
  const report: number[] = []
  let done = false
  machine.bus.ioWrite = (port, _size, value) => {
    if (port === 0xe9) report.push(value & 0xff)
    if (port !== 0xf4) return
    done = true
    machine.cpu.interruptRun()
  }
  machine.ram.set(image, BASE)
  machine.cpu.rip = BigInt(ENTRY)
  machine.cpu.setGpr(0, MULTIBOOT_MAGIC)
  const end = machine.cpu.run(budget)
  if (!done)
    throw new Error(`${end} at ${machine.cpu.rip.toString(16)}: ${machine.cpu.describeTripleFault()}`)
  return Uint8Array.from(report)
}

export function runOnQemu(image: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'onering-system-'))
  try {
    const file = join(folder, 'image.bin')
    writeFileSync(file, image)
    const machine = [
      '-accel',
      'tcg',
      '-cpu',
      QEMU_CPU,
      '-m',
      '32',
      '-display',
      'none',
      '-nodefaults',
      '-no-reboot',
    ]
    const devices = ['-debugcon', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', file]
    const run = spawnSync('qemu-system-x86_64', [...machine, ...devices], {
      timeout: 30_000,
      maxBuffer: 1 << 26,
    })
    if (run.status !== 1)
      throw new Error(`QEMU ended with ${run.status}: ${run.stderr.toString().slice(0, 2000)}`)
    return new Uint8Array(run.stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
