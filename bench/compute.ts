import { startOnering, startQemu, type Guest } from '../test/support/guest.ts'
import type { Figure } from './results.ts'

/** The sections of `guest/compute.ts`, which prints `begin NAME` and `end NAME CHECKSUM CLOCK` around each. */
export const loops = ['integer', 'sieve', 'fibonacci'] as const

interface Section {
  seconds: number
  checksum: string
  /** The guest's own clock: on our machine, where one instruction is one nanosecond, the count of instructions. */
  clockNs: number
}

async function runSections(guest: Guest): Promise<Map<string, Section>> {
  await guest.exit()
  const sections = new Map<string, Section>()
  for (const name of loops) {
    const begin = guest.lines.find((l) => l.text.trim() === `begin ${name}`)
    const end = guest.lines.find((l) => l.text.startsWith(`end ${name} `))
    if (!begin || !end)
      throw new Error(`no section ${name}: ${guest.errors}${guest.lines.map((l) => l.text).join('\n')}`)
    const [, , checksum = '', clock = ''] = end.text.trim().split(' ')
    sections.set(name, { seconds: (end.at - begin.at) / 1000, checksum, clockNs: Number(clock) })
  }
  return sections
}

/** Bytes that the guest holds at its start: kernel, tables, heap. */
export async function guestMemory(image: string): Promise<number> {
  const guest = startOnering(image)
  const line = await guest.line(/^memory \d+/)
  await guest.stop()
  return Number(line.text.trim().split(' ')[1])
}

/** Instructions a second on each loop. QEMU retires the same instructions, so its rate follows from its time. */
export async function benchCompute(image: string, repetitions: number): Promise<Figure[]> {
  const figures = loops.map((name): Figure => ({
    name: `${name} loop`,
    unit: 'instr/s',
    higherIsBetter: true,
    onering: [],
    qemu: [],
  }))
  for (let i = 0; i < repetitions; i++) {
    const ours = await runSections(startOnering(image))
    const theirs = await runSections(startQemu(image))
    loops.forEach((name, index) => {
      const [a, b] = [ours.get(name)!, theirs.get(name)!]
      if (a.checksum !== b.checksum)
        throw new Error(`${name}: ${a.checksum} on onering, ${b.checksum} on QEMU`)
      figures[index]!.onering.push(a.clockNs / a.seconds)
      // QEMU's guest clock is the host's, and the serial line there lags behind it.
      figures[index]!.qemu.push(a.clockNs / (b.clockNs / 1e9))
    })
  }
  return figures
}
