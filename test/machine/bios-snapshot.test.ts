/** A machine with SeaBIOS, disk, CD and screen, stopped anywhere on its way, saved, and taken up by a new one, ends as it would have ended. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ah, ax, bx, cx, dx, es } from '../../src/isa/index.ts'
import { Computer } from '../../src/machine/computer.ts'
import type { Exit } from '../../src/machine/exit.ts'
import { loadCpuModules } from '../../src/machine/node/assets.ts'
import { hashState } from '../../src/machine/snapshot/state-hash.ts'
import { decodeValue, encodeValue } from '../../src/machine/snapshot/value-codec.ts'
import { createRandom } from '../devices/support/random.ts'
import {
  bootDisk,
  debugExit,
  haveSeaBios,
  memoryDrive,
  print,
  SEABIOS,
  VGABIOS,
} from './support/boot-sector.ts'
import { runComputer } from './support/run.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const ROUNDS = Number(process.env.ONERING_ROUNDS ?? 3)
const modules = loadCpuModules()

/** Reads and writes sectors by int 13h, waits for keys that are not pressed, asks the clock, closes and opens gate A20. */
const busy = bootDisk((asm) => {
  print(asm, 'busy\r\n')
  for (let round = 1; round <= 3; round++) {
    asm.emit('mov', ax, 0x1000).emit('mov', es, ax).emit('xor', bx, bx)
    asm.emit('mov', ax, 0x0204).emit('mov', cx, 0x0001).emit('mov', dx, 0x0080).emit('int', 0x13)
    asm
      .emit('mov', ax, 0x0302)
      .emit('mov', cx, 0x0010 + round)
      .emit('mov', dx, 0x0080)
      .emit('int', 0x13)
    asm.emit('mov', ah, 0x01).emit('int', 0x16)
    asm.emit('mov', ah, 0x02).emit('int', 0x1a)
    asm.emit('mov', ax, round & 1 ? 0x2400 : 0x2401).emit('int', 0x15)
    asm.emit('mov', ax, 0x8600).emit('xor', cx, cx).emit('mov', dx, 5000).emit('int', 0x15)
    print(asm, `round ${round}\r\n`)
  }
  debugExit(asm, 0x2a)
})

class Machine {
  serial = ''
  readonly computer = new Computer({
    modules,
    memoryBytes: 16 << 20,
    seed: new Uint8Array(32).fill(5),
    epochMs: 1.7e12,
    serial: (byte) => (this.serial += String.fromCharCode(byte)),
    bios: { image: readFileSync(SEABIOS), vgaBios: readFileSync(VGABIOS) },
    drives: [memoryDrive(busy.slice(), 'ide'), memoryDrive(new Uint8Array(64 * 2048), 'cdrom')],
  })

  run(options: { saveAt?: number; isRestored?: boolean }): Exit {
    return runComputer(this.computer, {
      maxInstructions: 400e6,
      reset: () => this.computer.reset(),
      resume: () => this.computer.resume(),
      ...options,
    })
  }
}

describe.skipIf(!haveSeaBios)('SeaBIOS, a boot sector, IDE and VGA', () => {
  test('saved at random places, in a chain, it ends equal', { timeout: 240_000 }, async () => {
    console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/machine/bios-snapshot.test.ts`)
    const random = createRandom(SEED)
    const whole = new Machine()
    const exit = whole.run({})
    expect([exit.reason, exit.status]).toEqual(['debug-exit', 0x55])
    const hash = await hashState(whole.computer)
    for (let round = 0; round < ROUNDS; round++) {
      const places = Array.from({ length: 3 }, () => random(exit.instructions)).toSorted((a, b) => a - b)
      let machine = new Machine()
      let serial = ''
      let isRestored = false
      for (const saveAt of places) {
        expect(machine.run({ saveAt, isRestored }).reason).toBe('saved')
        const bytes = encodeValue(machine.computer.save())
        serial += machine.serial
        machine = new Machine()
        machine.computer.restore(decodeValue(bytes) as ReturnType<Computer['save']>)
        isRestored = true
      }
      const end = machine.run({ isRestored })
      expect([places, end.instructions, end.virtualSeconds, serial + machine.serial]).toEqual([
        places,
        exit.instructions,
        exit.virtualSeconds,
        whole.serial,
      ])
      expect([places, await hashState(machine.computer)]).toEqual([places, hash])
    }
  })
})
