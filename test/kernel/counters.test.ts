/** What the processor counts is what the program did. */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { Machine, type Exit } from '../../src/index.ts'
import { ways } from '../../src/toolchain/index.ts'
import { image } from './images.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Events of ten calls, by link mode; two halves of the calls that mark make one more. */
const expected: Record<string, Record<string, number>> = {
  lto: {},
  direct: {},
  'same-stack': {},
  bypass: {},
  base: { pushf: 11, popf: 11, 'cli-sti': 33 },
  trap: { syscall: 11, sysret: 11, swapgs: 22, 'cli-sti': 22 },
  'trap:int80': { 'software-interrupt': 11, iret: 11, swapgs: 22, 'cli-sti': 22, pushf: 11, popf: 11 },
  'trap:sysenter': { sysenter: 11, sysexit: 11, swapgs: 22, 'cli-sti': 33, popf: 11 },
  'trap:fred': { 'fred-event': 11, eretu: 11, 'cli-sti': 22 },
  'trap:gate': { 'far-call': 11, 'far-return': 11, pushf: 11, popf: 22 },
}

async function run(link: string): Promise<Exit> {
  const path = await image('test/kernel/guest/counted.ts', { link })
  const machine = await Machine.create({
    image: readFileSync(path),
    memory: 64 << 20,
    seed: 1,
    idle: 'leap',
    epochMs: 0,
  })
  return machine.run()
}

test.each(ways)('calls are counted (%s)', async (link) => {
  const exit = await run(link)
  expect(exit.rings.reduce((sum, each) => sum + each)).toBe(exit.instructions)
  const [, from, to] = exit.marks
  expect(exit.marks.map(({ id }) => id)).toEqual([1, 2, 3])
  const events = Object.fromEntries(
    Object.entries(to!.events)
      .map(([name, count]): [string, number] => [name, count - (from!.events[name] ?? 0)])
      .filter(([name, count]) => count > 0 && name !== 'port-io'),
  )
  expect(events).toEqual(expected[link])
  expect(exit.rings[3]! > 0).toBe(link.startsWith('trap'))
  // All but the host's clock.
  const counted = ({ marks }: Exit): object[] => marks.map((mark) => ({ ...mark, hostMs: 0 }))
  expect(counted(await run(link))).toEqual(counted(exit))
})
