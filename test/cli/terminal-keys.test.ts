import { expect, test } from 'vitest'
import { keysFor } from '../../src/cli/terminal-keys.ts'

/** `+Key` goes down, `-Key` goes up. */
const show = (text: string): string =>
  keysFor(new TextEncoder().encode(text))
    .map(({ key, isDown }) => `${isDown ? '+' : '-'}${key}`)
    .join(' ')

test.each([
  ['a', '+KeyA -KeyA'],
  ['A', '+ShiftLeft +KeyA -KeyA -ShiftLeft'],
  [' ', '+Space -Space'],
  ['|', '+ShiftLeft +Backslash -Backslash -ShiftLeft'],
  ['\r', '+Enter -Enter'],
  ['\x7f', '+Backspace -Backspace'],
  ['\x03', '+ControlLeft +KeyC -KeyC -ControlLeft'],
  ['\x1c', '+ControlLeft +Backslash -Backslash -ControlLeft'],
  ['\x1b', '+Escape -Escape'],
  ['\x1b\x1b', '+Escape -Escape +Escape -Escape'],
  ['\x1bx', '+AltLeft +KeyX -KeyX -AltLeft'],
  ['\x1b[A\x1bOB', '+ArrowUp -ArrowUp +ArrowDown -ArrowDown'],
  ['\x1b[3~', '+Delete -Delete'],
  ['\x1b[24~', '+F12 -F12'],
  ['\x1bOP', '+F1 -F1'],
  ['\x1b[1;5D', '+ControlLeft +ArrowLeft -ArrowLeft -ControlLeft'],
  ['\x1b[1;2C', '+ShiftLeft +ArrowRight -ArrowRight -ShiftLeft'],
  ['\x1b[99~z', '+KeyZ -KeyZ'],
  ['ä', ''],
])('%j', (typed, keys) => expect(show(typed)).toBe(keys))

test('every printable character and every control character is some key, released as often as pressed', () => {
  for (let code = 0; code < 0x7f; code++) {
    const events = keysFor(Uint8Array.of(code))
    expect(events.length).toBeGreaterThan(1)
    expect(events.filter(({ isDown }) => isDown).length).toBe(events.length / 2)
  }
})
