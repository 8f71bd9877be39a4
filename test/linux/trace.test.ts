/** A trace of an unmodified kernel: Debian's, to its first programs, against the processor's own counters. */
import { describe, expect, test } from 'vitest'
import { TraceReader } from '../../src/debug/trace/reader.ts'
import { missing } from '../../src/debug/trace/summary.ts'
import { causeNames } from '../../src/debug/trace/transition.ts'
import { Machine } from '../../src/index.ts'
import { hasDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

/** Far enough for system calls, page faults of programs, timer interrupts. */
const INSTRUCTIONS = 6_500_000_000
const BOOT_MS = 600_000

describe.skipIf(!hasDebian)("a trace of Debian's kernel", () => {
  test('has every transition, and gives each ring its instructions', { timeout: BOOT_MS }, async () => {
    const debian = openDebian()
    const machine = await Machine.create({
      image: debian.kernel,
      modules: [{ data: buildInitramfs(debian) }],
      cmdline: 'console=ttyS0',
      memory: 512 << 20,
      seed: 1,
      idle: 'leap',
      maxInstructions: INSTRUCTIONS,
      trace: { calls: false },
    })
    const seen: Record<string, number> = {}
    const labels = new Set<string>()
    const reader = new TraceReader({
      transition: ({ cause }) => {
        seen[cause.name] = (seen[cause.name] ?? 0) + 1
        labels.add(cause.label)
      },
    })
    machine.on('trace', (bytes) => reader.push(bytes))
    const exit = await machine.run()
    expect(exit.reason).toBe('instruction-limit')
    expect(missing(seen, exit.events, causeNames)).toEqual([])
    expect(reader.rings(exit.instructions)).toEqual(exit.rings)
    for (const label of ['syscall', 'sysret', 'iret', '#PF']) expect(labels).toContain(label)
  })
})
