/** Small kernels on the whole machine in one thread, and the same images on QEMU. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Control, createControl } from '../../src/machine/control.ts'
import type { Exit } from '../../src/machine/exit.ts'
import { hasProgram } from '../support/programs.ts'
import { fixedComputer } from './support/computer.ts'
import * as guests from './support/guests.ts'
import { buildImage, type ImageOptions } from './support/image.ts'
import { runComputer } from './support/run.ts'

function runHere(
  image: Uint8Array,
  input = '',
  maxInstructions = 10_000_000,
): { exit: Exit; serial: string } {
  let serial = ''
  let typed = 0
  const computer = fixedComputer({ serial: (byte) => (serial += String.fromCharCode(byte)) })
  computer.load({ image })
  const { board, clock, cpu } = computer
  const control = new Control(createControl())
  const exit = runComputer(computer, {
    control,
    maxInstructions,
    poll: () => {
      // One character after each that came out: as a person types.
      if (typed < input.length && serial.length > typed) board.uart.receive(input.charCodeAt(typed++))
    },
    // About to sleep: the next key wakes the guest, and without one it would sleep for ever.
    flush: () => {
      if (typed < input.length) control.wake()
      else if (cpu.interruptsEnabled && board.stopped === null && clock.nextDeadlineNs === Infinity)
        throw new Error(`the guest sleeps for ever, after ${JSON.stringify(serial)}`)
    },
  })
  return { exit, serial }
}

const folder = mkdtempSync(join(tmpdir(), 'onering-guests-'))
afterAll(() => rmSync(folder, { recursive: true }))

function runOnQemu(image: Uint8Array, input = ''): { status: number | null; serial: string } {
  const path = join(folder, 'image.elf')
  writeFileSync(path, image)
  const args = '-M pc -cpu max -accel tcg -m 32M -display none -serial stdio -monitor none -no-reboot'.split(
    ' ',
  )
  const result = spawnSync(
    'qemu-system-x86_64',
    [...args, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', path],
    { input, timeout: 20_000 },
  )
  return { status: result.status, serial: result.stdout.toString('latin1').replaceAll('\r', '') }
}

const HELLOS: [name: string, protocol: ImageOptions['protocol']][] = [
  ['PVH', 'pvh'],
  ['multiboot ELF', 'multiboot-elf'],
  ['multiboot with addresses', 'multiboot-flat'],
]

describe.each(HELLOS)('hello by %s', (_name, protocol) => {
  const image = buildImage(guests.hello, { protocol })

  test('here', () => {
    const { exit, serial } = runHere(image)
    expect([serial, exit.reason, exit.status]).toEqual(['hello, world\n', 'debug-exit', 7])
    // Two instructions a character, three to set up, out.
    expect(exit.instructions).toBe(13 * 2 + 1 + 3)
  })

  test.skipIf(!hasProgram('qemu-system-x86_64'))('on QEMU', () => {
    expect(runOnQemu(image)).toEqual({ serial: 'hello, world\n', status: 7 })
  })
})

describe('interrupts', () => {
  const timer = buildImage(guests.lapicTimer, { protocol: 'pvh' })
  const uart = buildImage(guests.uartInterrupt, { protocol: 'pvh' })

  test('local APIC timer, here', () => {
    const { exit, serial } = runHere(timer)
    expect([serial, exit.status]).toEqual(['ttt\n', 1])
    // Three periods of a millisecond, and the way there.
    expect(exit.virtualSeconds).toBeGreaterThan(0.003)
    expect(exit.virtualSeconds).toBeLessThan(0.0031)
  })

  test.skipIf(!hasProgram('qemu-system-x86_64'))('local APIC timer, on QEMU', () => {
    expect(runOnQemu(timer)).toEqual({ serial: 'ttt\n', status: 1 })
  })

  test('UART through the IOAPIC, here', () => {
    const { exit, serial } = runHere(uart, 'HAL q')
    expect([serial, exit.status]).toEqual(['>IBM!\n', 3])
  })

  test.skipIf(!hasProgram('qemu-system-x86_64'))('UART through the IOAPIC, on QEMU', () => {
    // QEMU's stdin is at hand before the guest listens; what comes too early stays in its back end.
    expect(runOnQemu(uart, 'HAL q')).toEqual({ serial: '>IBM!\n', status: 3 })
  })
})

test.each([
  ['power-off', guests.powerOff, 0, /switched the machine off/],
  [
    'triple-fault',
    guests.tripleFault,
    6,
    /^triple fault: #DE, then #GP\(0x3\), then #DF\(0x0\), then #GP\(0x43\) at RIP 0x1000[0-9a-f]{2}, CR2 0x0$/,
  ],
  ['halted', guests.deadHalt, 4, /interrupts disabled/],
  ['halted', guests.deafHalt, 4, /interrupts disabled/],
  ['instruction-limit', guests.spin, 124, /1000 instructions/],
] as const)('%s ends the run', (reason, guest, status, message) => {
  const { exit } = runHere(
    buildImage(guest, { protocol: 'pvh' }),
    '',
    reason === 'instruction-limit' ? 1000 : 1_000_000,
  )
  expect([exit.reason, exit.status]).toEqual([reason, status])
  expect(exit.message).toMatch(message)
  if (reason === 'instruction-limit') expect(exit.instructions).toBe(1000)
})

test('the time-stamp counter counts the time asleep', () => {
  const { exit } = runHere(buildImage(guests.sleepByTsc, { protocol: 'pvh' }))
  expect(exit.status).toBe((20 << 1) | 1)
})

test('a run is the same each time', () => {
  const image = buildImage(guests.lapicTimer, { protocol: 'pvh' })
  const [one, two] = [runHere(image).exit, runHere(image).exit]
  expect([one.instructions, one.virtualSeconds]).toEqual([two.instructions, two.virtualSeconds])
})
