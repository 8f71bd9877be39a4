import { expect, test } from 'vitest'
import { createStepFront } from '../../src/debug/step/front.ts'
import { Stepper } from '../../src/debug/step/stepper.ts'
import { plainStyle, render } from '../../src/debug/step/view.ts'
import { Symbols } from '../../src/debug/symbols/symbols.ts'
import { Target } from '../../src/debug/target.ts'
import { MESSAGE_DATA, MESSAGE_SIZE } from '../../src/machine/debug-channel.ts'
import * as guests from '../machine/support/guests.ts'
import { buildImage } from '../machine/support/image.ts'
import { Timeline } from './support/timeline.ts'

const timeline = (): Timeline =>
  new Timeline({ image: buildImage(guests.lapicTimer, { protocol: 'pvh' }) }, true)

test('the screen is 100 by 30 at most, whatever it shows', () => {
  const stepper = new Stepper(new Target(timeline().history!, () => false), Symbols.none, () => false)
  for (const [letter, word] of [
    ['n'],
    ['p', '0x100000'],
    ['g', '20'],
    ['r'],
    ['h'],
    ['c'],
    ['b'],
    ['m'],
    ['C'],
  ]) {
    stepper.run(letter!, word)
    const lines = render(stepper.screen, plainStyle)
    expect(lines.length).toBeLessThanOrEqual(29)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
  }
})

test('keys of a terminal, with a word that is typed and mended', () => {
  let shown = ''
  const front = createStepFront(
    new Target(timeline().history!, () => false),
    (bytes) => (shown = new TextDecoder().decode(bytes)),
    () => false,
    null,
  )
  const press = (text: string): void =>
    front.receive(Uint8Array.of(MESSAGE_DATA, ...new TextEncoder().encode(text)))
  front.receive(Uint8Array.of(MESSAGE_SIZE))
  press('nnn')
  expect(shown).toContain('instruction 3 (the present)')
  press('bb')
  expect(shown).toContain('instruction 1 (of 3)')
  press('g9\x7f2')
  expect(shown).toContain('g: INSTRUCTIONS? 2_')
  press('\r')
  expect(shown).toContain('instruction 2 (of 3)')
  press('\x03')
  expect(front.stop).toBe('killed')
})
