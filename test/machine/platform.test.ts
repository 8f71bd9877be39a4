/** Keyboard controller, keyboard, mouse, gate A20, DMA controllers and HPET: lists of accesses that QEMU's PC must answer alike. */
import { describe, expect, test } from 'vitest'
import { hasProgram } from '../support/programs.ts'
import { out, probeHere, probeOnQemu, type Step } from './support/probe.ts'

const DATA = 0x60
const COMMAND = 0x64
const OUTPUT_FULL = 1
/** Bits of the status that do not depend on who wrote last. */
const STATUS_MASK = 0x25
const HPET = 0xfed0_0000

/** Waits for a byte and shows it, with where it comes from. */
const take: readonly Step[] = [
  { until: COMMAND, bit: OUTPUT_FULL, isSet: true },
  { in: COMMAND, mask: STATUS_MASK },
  { in: DATA },
]
const takes = (count: number): Step[] => Array.from({ length: count }, () => take).flat()
const command = (value: number, answers = 0): Step[] => [out(COMMAND, value), ...takes(answers)]
const withArgument = (value: number, argument: number): Step[] => [out(COMMAND, value), out(DATA, argument)]
const toKeyboard = (value: number, answers: number): Step[] => [out(DATA, value), ...takes(answers)]
const toMouse = (value: number, answers: number): Step[] => [...withArgument(0xd4, value), ...takes(answers)]

/** No interrupts, both ports on, no translation. */
const quiet: readonly Step[] = [...command(0xaa, 1), ...withArgument(0x60, 0x04)]

const lists: Record<string, Step[]> = {
  'tests and memory of the controller': [
    ...command(0xaa, 1),
    ...command(0xab, 1),
    ...command(0xa9, 1),
    ...withArgument(0x60, 0x34),
    ...command(0x20, 1),
    ...command(0xa8),
    ...command(0x20, 1),
    ...command(0xae),
    ...command(0x20, 1),
    ...command(0xa7),
    ...command(0xad),
    ...command(0x20, 1),
    ...command(0xc0, 1),
    ...withArgument(0x60, 0x04),
    ...withArgument(0xd2, 0x5a),
    ...takes(1),
    ...withArgument(0xd3, 0xa5),
    ...takes(1),
  ],
  'commands of the keyboard': [
    ...quiet,
    ...toKeyboard(0xff, 2),
    ...toKeyboard(0xf2, 3),
    ...toKeyboard(0xee, 1),
    ...toKeyboard(0xed, 1),
    ...toKeyboard(0x07, 1),
    ...toKeyboard(0xf3, 1),
    ...toKeyboard(0x20, 1),
    ...toKeyboard(0xf0, 1),
    ...toKeyboard(0x00, 2),
    ...toKeyboard(0xf0, 1),
    ...toKeyboard(0x03, 1),
    ...toKeyboard(0xf0, 1),
    ...toKeyboard(0x00, 2),
    ...toKeyboard(0xf6, 1),
    ...toKeyboard(0xf0, 1),
    ...toKeyboard(0x00, 2),
    ...toKeyboard(0xf5, 1),
    ...toKeyboard(0xf4, 1),
    ...toKeyboard(0x01, 1),
  ],
  'commands of the mouse': [
    ...quiet,
    ...toMouse(0xff, 3),
    ...toMouse(0xf2, 2),
    ...toMouse(0xe9, 4),
    ...toMouse(0xe8, 1),
    ...toMouse(0x03, 1),
    ...toMouse(0xf3, 1),
    ...toMouse(0x28, 1),
    ...toMouse(0xe7, 1),
    ...toMouse(0xf0, 1),
    ...toMouse(0xe9, 4),
    ...toMouse(0xeb, 4),
    ...toMouse(0xee, 1),
    ...toMouse(0x77, 1),
    ...toMouse(0xec, 1),
    ...toMouse(0xea, 1),
    ...toMouse(0xf6, 1),
    ...toMouse(0xe9, 4),
  ],
  'the output port and gate A20': [
    ...quiet,
    { poke: 0x28_0000, value: 0x1111 },
    { poke: 0x38_0000, value: 0x2222 },
    { peek: 0x28_0000 },
    ...command(0xdd),
    { peek: 0x38_0000 },
    { poke: 0x38_0004, value: 0x3333 },
    { peek: 0x28_0004 },
    ...command(0xdf),
    { peek: 0x38_0000 },
    { peek: 0x38_0004, mask: 0 },
    ...command(0xd0, 1),
    ...withArgument(0xd1, 0xdd),
    { peek: 0x38_0000 },
    ...withArgument(0xd1, 0xdf),
    { peek: 0x38_0000 },
    { in: 0x92, mask: 2 },
    out(0x92, 0x00),
    { peek: 0x38_0000 },
    { in: 0x92, mask: 3 },
    out(0x92, 0x02),
    { peek: 0x38_0000 },
    { in: 0x92, mask: 3 },
  ],
  'DMA controllers and page registers': [
    out(0x0d, 0),
    { in: 0x08 },
    out(0x0c, 0),
    out(0x04, 0x34),
    out(0x04, 0x12),
    out(0x05, 0x78),
    out(0x05, 0x56),
    { in: 0x04 },
    { in: 0x04 },
    { in: 0x05 },
    { in: 0x05 },
    out(0xda, 0),
    out(0xd8, 0),
    out(0xc8, 0xcd),
    out(0xc8, 0xab),
    { in: 0xc8 },
    { in: 0xc8 },
    out(0x81, 0x42),
    { in: 0x81 },
    out(0x8b, 0x24),
    { in: 0x8b },
  ],
  'registers of the HPET': [
    { peek: HPET },
    { peek: HPET + 4 },
    { poke: HPET + 0x10, value: 0 },
    { peek: HPET + 0x10 },
    { poke: HPET + 0xf0, value: 0x1234_5678 },
    { poke: HPET + 0xf4, value: 0x9a },
    { peek: HPET + 0xf0 },
    { peek: HPET + 0xf4 },
    // Message delivery and the routes are the board's own.
    { peek: HPET + 0x100, mask: 0x7f30 },
    { poke: HPET + 0x100, value: 0x0104 },
    { peek: HPET + 0x100, mask: 0x7fff },
    { poke: HPET + 0x108, value: 0x5555_aaaa },
    { peek: HPET + 0x108 },
    // Periodic: the value with VALUE_SET, then the period.
    { poke: HPET + 0x120, value: 0x004c },
    { poke: HPET + 0x128, value: 0x1000 },
    { poke: HPET + 0x128, value: 0x0200 },
    { peek: HPET + 0x120, mask: 0x7fff },
    { peek: HPET + 0x128 },
    { peek: HPET + 0x20 },
    { poke: HPET + 0x10, value: 3 },
    { peek: HPET + 0x10 },
    { peek: HPET + 0xf4 },
    { poke: HPET + 0x10, value: 0 },
    { peek: HPET + 0x10 },
  ],
}

const qemu = hasProgram('qemu-system-x86_64')

describe.each(Object.entries(lists))('%s', (_name, steps) => {
  const here = probeHere(steps)
  test('answers', () => expect(here.trim().split(' ')).not.toContain('ffffffff'))
  test.skipIf(!qemu)('as on QEMU', { timeout: 60_000 }, () => {
    expect(here.split(' ')).toEqual(probeOnQemu(steps).split(' '))
  })
})
