/** The VGA by its ports and memory: text buffer, planes, palette, status, and hostile accesses. */
import { expect, test } from 'vitest'
import { screenText } from '../../src/devices/vga/screen.ts'
import { Vga } from '../../src/devices/vga/vga.ts'
import { TestTime } from './support/fake-time.ts'
import { createRandom } from './support/random.ts'

const TEXT = 0x1_8000
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)

function create() {
  const time = new TestTime()
  const vga = new Vga(time.clock)
  const out = (port: number, value: number): void => vga.write(port - 0x3b0, 1, value)
  const inp = (port: number): number => vga.read(port - 0x3b0, 1)
  const indexed = (port: number, index: number, value: number): void => {
    out(port, index)
    out(port + 1, value)
  }
  return { time, vga, out, inp, indexed }
}

test('the text buffer is shown, from the start address on, with the cursor', () => {
  const { vga, indexed } = create()
  for (const [i, code] of [0x48, 0xc4, 0x03].entries()) vga.memory.write(TEXT + 160 + 2 * i, 1, code)
  vga.memory.write(TEXT + 161, 1, 0x1e)
  indexed(0x3d4, 0x0f, 82)
  let { screen } = vga
  if (screen.kind !== 'text') throw new Error(screen.kind)
  expect([screen.columns, screen.rows, screen.cursor]).toEqual([80, 25, { column: 2, row: 1 }])
  expect(screenText(screen)[1]).toBe('H─♥')
  expect(screen.cells[2 * 80 + 1]).toBe(0x1e)
  indexed(0x3d4, 0x0d, 80)
  screen = vga.screen
  expect(screenText(screen)[0]).toBe('H─♥')
  indexed(0x3d4, 0x0a, 0x20)
  expect(vga.screen).toMatchObject({ cursor: null })
})

test('a font is loaded into plane 2 without harm to the text', () => {
  const { vga, indexed } = create()
  vga.memory.write(TEXT, 1, 0x41)
  indexed(0x3c4, 2, 4)
  indexed(0x3c4, 4, 7)
  indexed(0x3ce, 5, 0)
  indexed(0x3ce, 6, 0)
  for (let i = 0; i < 16; i++) vga.memory.write(0x41 * 32 + i, 1, i)
  indexed(0x3ce, 4, 2)
  expect(vga.memory.read(0x41 * 32 + 5, 1)).toBe(5)
  indexed(0x3c4, 2, 3)
  indexed(0x3c4, 4, 3)
  indexed(0x3ce, 5, 0x10)
  indexed(0x3ce, 6, 0x0e)
  indexed(0x3ce, 4, 0)
  expect(screenText(vga.screen)[0]).toBe('A')
})

test('write modes with latches, bit mask and logical function', () => {
  const { vga, indexed } = create()
  indexed(0x3c4, 4, 6)
  indexed(0x3ce, 5, 0)
  indexed(0x3ce, 6, 5)
  indexed(0x3c4, 2, 0xf)
  vga.memory.write(0, 1, 0xf0)
  vga.memory.read(0, 1)
  // XOR with the latches, lower half only.
  indexed(0x3ce, 3, 0x18)
  indexed(0x3ce, 8, 0x0f)
  vga.memory.write(0, 1, 0x3c)
  expect(vga.memory.read(0, 1)).toBe(0xfc)
  // Mode 2: the value says the colour.
  indexed(0x3ce, 3, 0)
  indexed(0x3ce, 8, 0xff)
  indexed(0x3ce, 5, 2)
  vga.memory.write(1, 1, 0x5)
  indexed(0x3ce, 5, 0)
  const planes = [0, 1, 2, 3].map((plane) => {
    indexed(0x3ce, 4, plane)
    return vga.memory.read(1, 1)
  })
  expect(planes).toEqual([0xff, 0, 0xff, 0])
  expect(vga.screen.kind).toBe('graphics')
})

test('palette and attribute controller take indexes and values in turn', () => {
  const { out, inp } = create()
  out(0x3c8, 5)
  for (const value of [1, 2, 63]) out(0x3c9, value)
  out(0x3c7, 5)
  expect([inp(0x3c9), inp(0x3c9), inp(0x3c9)]).toEqual([1, 2, 63])
  inp(0x3da)
  out(0x3c0, 0x10)
  out(0x3c0, 0x0c)
  expect(inp(0x3c1)).toBe(0x0c)
  inp(0x3da)
  out(0x3c0, 0x20)
  expect(inp(0x3c0)).toBe(0x20)
})

test('the vertical retrace comes seventy times a second', () => {
  const { time, inp } = create()
  let edges = 0
  let before = 0
  for (let i = 0; i < 50_000; i++) {
    time.advance(20_000)
    const now = inp(0x3da) & 8
    if (now && !before) edges++
    before = now
  }
  expect(edges).toBeGreaterThanOrEqual(69)
  expect(edges).toBeLessThanOrEqual(71)
})

test('random accesses are survived, and a state is taken up again', () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/devices/vga.test.ts`)
  const { vga } = create()
  const random = createRandom(SEED)
  for (let i = 0; i < 60_000; i++) {
    const [offset, address, value] = [random(0x30), random(0x2_0000), random(256)]
    const action = random(4)
    if (action === 0) vga.read(offset, 1)
    else if (action === 1) vga.write(offset, 1, value)
    else if (action === 2) vga.memory.write(address, 1, value)
    else vga.memory.read(address, 1)
    if (i % 5000 === 0) screenText(vga.screen)
  }
  const state = structuredClone(vga.save())
  const shown = JSON.stringify(vga.screen)
  vga.reset()
  expect(screenText(vga.screen).join('')).toBe('')
  vga.load(state)
  expect(JSON.stringify(vga.screen)).toBe(shown)
})
