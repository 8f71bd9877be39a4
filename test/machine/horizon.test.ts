/** When events come must not depend on how a run is cut into slices, which depends on how fast the host is. */
import { expect, test } from 'vitest'
import { al, ecx } from '../../src/isa/index.ts'
import { fixedComputer } from './support/computer.ts'
import { assemble32, buildImage } from './support/image.ts'
import { runComputer } from './support/run.ts'

const PERIOD_NS = 9_973
const SLOW_PORT = 0x80

/** Counts, and every now and then reads a port of the ISA bus, which takes time. */
const guest = assemble32((asm) => {
  const [again, count] = [asm.label('again'), asm.label('count')]
  asm.bind(again)
  asm.emit('in', al, SLOW_PORT)
  asm.emit('mov', ecx, 700)
  asm.bind(count)
  asm.emit('dec', ecx)
  asm.emit('jne', count)
  asm.emit('jmp', again)
})

/** Instructions that had been retired each time a timer fired. */
function firings(slice: number, engine: 'interpreter' | 'auto'): number[] {
  const computer = fixedComputer({ engine })
  computer.load({ image: buildImage(guest, { protocol: 'pvh' }) })
  const at: number[] = []
  const timer = computer.clock.createTimer((deadlineNs) => {
    at.push(computer.cpu.retired)
    timer.arm(deadlineNs + PERIOD_NS)
  })
  timer.arm(PERIOD_NS)
  runComputer(computer, { maxInstructions: 3_000_000, slice })
  return at
}

test.each(['interpreter', 'auto'] as const)('slices of any length, %s', (engine) => {
  const short = firings(100, engine)
  expect(short.length).toBeGreaterThan(300)
  for (const slice of [1_777, 50_000, 4_000_000]) expect(firings(slice, engine)).toEqual(short)
})
