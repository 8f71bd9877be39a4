/** Stopped anywhere, saved, and taken up by a new machine, a guest ends as it would have ended; and a run does not depend on how it is cut. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Computer } from '../../src/machine/computer.ts'
import type { Exit } from '../../src/machine/exit.ts'
import { loadCpuModules } from '../../src/machine/node/assets.ts'
import { packSnapshot, unpackSnapshot } from '../../src/machine/snapshot/container.ts'
import { hashState } from '../../src/machine/snapshot/state-hash.ts'
import { decodeValue, encodeValue } from '../../src/machine/snapshot/value-codec.ts'
import { createRandom } from '../devices/support/random.ts'
import * as guests from './support/guests.ts'
import { buildImage } from './support/image.ts'
import { runComputer } from './support/run.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const modules = loadCpuModules()

class Machine {
  serial = ''
  readonly computer = new Computer({
    modules,
    memoryBytes: 8 << 20,
    seed: new Uint8Array(32).fill(3),
    epochMs: 0,
    devices: [],
    serial: (byte) => (this.serial += String.fromCharCode(byte)),
    console: () => {},
  })

  run(options: { saveAt?: number; isRestored?: boolean; slice?: number }): Exit {
    return runComputer(this.computer, { maxInstructions: 300_000, ...options })
  }
}

function boot(image: Uint8Array): Machine {
  const machine = new Machine()
  machine.computer.load({ image })
  return machine
}

const GUESTS: [name: string, program: Uint8Array][] = [
  ['hello', guests.hello],
  ['a timer slept through', guests.sleepByTsc],
  ['interrupts of the local APIC', guests.lapicTimer],
  ['a triple fault', guests.tripleFault],
  ['an endless loop', guests.spin],
]

describe.each(GUESTS)('%s', (_name, program) => {
  const image = buildImage(program, { protocol: 'pvh' })

  test('saved at random places, in a chain, it ends equal', async () => {
    console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/machine/snapshot.test.ts`)
    const random = createRandom(SEED)
    const whole = boot(image)
    const exit = whole.run({})
    const hash = await hashState(whole.computer)
    for (let round = 0; round < 3; round++) {
      let machine = boot(image)
      let serial = ''
      let isRestored = false
      for (let cut = 0; cut < 3; cut++) {
        const saveAt =
          machine.computer.cpu.retired + random(Math.max(1, exit.instructions - machine.computer.cpu.retired))
        if (machine.run({ saveAt, isRestored }).reason !== 'saved') break
        expect(machine.computer.cpu.retired).toBe(saveAt)
        const bytes = encodeValue(machine.computer.save())
        serial += machine.serial
        machine = new Machine()
        machine.computer.restore(decodeValue(bytes) as ReturnType<Computer['save']>)
        isRestored = true
      }
      const end = machine.run({ isRestored })
      expect({ ...end, serial: serial + machine.serial }).toMatchObject({
        reason: exit.reason,
        status: exit.status,
        instructions: exit.instructions,
        virtualSeconds: exit.virtualSeconds,
        serial: whole.serial,
      })
      expect(await hashState(machine.computer)).toBe(hash)
    }
  })

  test('slices of every length give the same', async () => {
    const whole = boot(image)
    const exit = whole.run({})
    const hash = await hashState(whole.computer)
    for (const slice of [7, 1000, 33_333]) {
      const machine = boot(image)
      const end = machine.run({ slice })
      expect([end.reason, end.instructions, machine.serial]).toEqual([
        exit.reason,
        exit.instructions,
        whole.serial,
      ])
      expect(await hashState(machine.computer)).toBe(hash)
    }
  })
})

test('the hash knows a register, a flag, a byte of RAM and a device', async () => {
  const machine = boot(buildImage(guests.spin, { protocol: 'pvh' }))
  const { cpu, board } = machine.computer
  const hashes = [await hashState(machine.computer)]
  for (const change of [
    () => cpu.setGpr(3, 1n),
    () => (cpu.rflags |= 1n),
    () => (cpu.ram[0x20_0000] = 1),
    () => board.ioWrite(0x61, 1, 2),
  ]) {
    change()
    hashes.push(await hashState(machine.computer))
  }
  expect(new Set(hashes).size).toBe(5)
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onering-snapshot-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
  const onering = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [main, 'run', ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  const image = join(folder, 'guest.elf')
  writeFileSync(image, buildImage(guests.sleepByTsc, { protocol: 'pvh' }))
  const RUN = ['--net', 'none', '--idle', 'leap', '--memory', '16M']
  const statsOf = (path: string): { stateHash: string; instructions: number } =>
    JSON.parse(readFileSync(join(folder, path), 'utf8')) as { stateHash: string; instructions: number }

  test('a new process goes on and ends equal, with a disk and an entropy device', () => {
    writeFileSync(join(folder, 'disk.img'), new Uint8Array(65_536))
    const base = [image, ...RUN, '--seed', '9', '--drive', 'disk.img']
    const whole = onering(...base, '--stats', 'whole.json')
    expect(onering(...base, '--save-at', '30', 'at.snap').status).toBe(0)
    const rest = onering('--restore', 'at.snap', ...RUN, '--stats', 'rest.json')
    expect(rest.status).toBe(whole.status)
    expect(statsOf('rest.json')).toMatchObject({
      stateHash: statsOf('whole.json').stateHash,
      instructions: statsOf('whole.json').instructions,
    })
    writeFileSync(join(folder, 'disk.img'), new Uint8Array(65_536).fill(1))
    expect(onering('--restore', 'at.snap', ...RUN)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^onering: --restore at\.snap: .*disk\.img: has changed since.*\n$/,
      ) as string,
    })
  }, 60_000)

  test('what is no snapshot, or no longer whole, is refused in one line', async () => {
    onering(image, ...RUN, '--save-at', '30', 'good.snap')
    const good = readFileSync(join(folder, 'good.snap'))
    const damaged = Buffer.from(good)
    damaged[good.length >> 1]! ^= 1
    const other = Buffer.from(good)
    other[8] = 99
    for (const [bytes, message] of [
      [good.subarray(0, 20), /cut off/],
      [good.subarray(0, good.length - 1), /cut off/],
      [Buffer.concat([good, Buffer.of(0)]), /longer/],
      [damaged, /damaged/],
      [other, /format 99/],
      [Buffer.from('a text'), /not a snapshot/],
      [Buffer.alloc(0), /not a snapshot/],
    ] as const) {
      await expect(unpackSnapshot(bytes)).rejects.toThrow(message)
    }
    writeFileSync(join(folder, 'bad.snap'), damaged)
    const { status, stderr } = onering('--restore', 'bad.snap', ...RUN)
    expect([status, stderr]).toEqual([2, 'onering: --restore bad.snap: the snapshot is damaged\n'])
    expect(onering('--restore', 'nowhere.snap').stderr).toMatch(/nowhere\.snap: cannot be read/)
    expect(onering(image, '--save-at', '30').stderr).toMatch(/--save-at takes two words/)
    expect(onering(image, '--restore', 'good.snap').stderr).toMatch(/name one thing to start/)
  }, 60_000)

  test('plain data comes back equal, and random bytes are refused without harm', async () => {
    const leaf = fc.oneof(
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.string(),
      fc.bigInt(),
      fc.constant(null),
      fc.uint8Array(),
      fc.uint32Array(),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(value, async (data) => {
        expect(await unpackSnapshot(await packSnapshot(data))).toEqual(data)
      }),
      { numRuns: 100, seed: SEED },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeValue(bytes)
        } catch (error) {
          expect((error as Error).name).toBe('SnapshotError')
        }
      }),
      { numRuns: 2000, seed: SEED },
    )
  })
})
