/** What is typed on the PS/2 keyboard, as software reads it. Commands are compared with QEMU's in test/machine/platform.test.ts. */
import { describe, expect, test } from 'vitest'
import { I8042 } from '../../src/devices/keyboard/i8042.ts'
import { Ps2Keyboard } from '../../src/devices/keyboard/ps2-keyboard.ts'
import { Ps2Mouse } from '../../src/devices/keyboard/ps2-mouse.ts'
import { KEY_NAMES, type KeyName, scanCodes, translate } from '../../src/devices/keyboard/scan-codes.ts'
import { A20Gate } from '../../src/devices/platform/a20-gate.ts'

const [DATA, COMMAND] = [0, 4] as const
const [TRANSLATED, RAW] = [0x41, 0x01] as const

function setUp(commandByte: number) {
  const keyboard = new Ps2Keyboard()
  const log: string[] = []
  let isUp = false
  const controller = new I8042(keyboard, new Ps2Mouse(), {
    keyboardInterrupt: (level) => {
      if (level && !isUp) log.push('irq 1')
      isUp = level
    },
    mouseInterrupt: () => {},
    a20: new A20Gate(() => {}),
    reset: () => log.push('reset'),
  })
  const write = (offset: number, ...values: number[]): void => {
    for (const value of values) controller.write(offset, 1, value)
  }
  const key = (name: KeyName, isDown: boolean): void => {
    keyboard.key(name, isDown)
    controller.fill()
  }
  const readAll = (): number[] => {
    const bytes: number[] = []
    while (controller.read(COMMAND) & 1) bytes.push(controller.read(DATA))
    return bytes
  }
  write(COMMAND, 0x60)
  write(DATA, commandByte)
  return { keyboard, controller, write, key, readAll, log }
}

describe('scan codes', () => {
  const typed = (commandByte: number, ...prepare: number[]): string[] => {
    const { write, key, readAll } = setUp(commandByte)
    write(DATA, ...prepare)
    readAll()
    return (['KeyA', 'ShiftRight', 'ArrowUp', 'F7'] as const).map((name) => {
      key(name, true)
      key(name, false)
      return readAll()
        .map((byte) => byte.toString(16))
        .join(' ')
    })
  }
  test('set 2, translated to set 1', () => {
    expect(typed(TRANSLATED)).toEqual(['1e 9e', '36 b6', 'e0 48 e0 c8', '41 c1'])
  })
  test('set 2 as it is', () => {
    expect(typed(RAW)).toEqual(['1c f0 1c', '59 f0 59', 'e0 75 e0 f0 75', '83 f0 83'])
  })
  test('set 1 of the keyboard', () => {
    expect(typed(RAW, 0xf0, 1)).toEqual(['1e 9e', '36 b6', 'e0 48 e0 c8', '41 c1'])
  })
  test('set 3', () => {
    expect(typed(RAW, 0xf0, 3)).toEqual(['1c f0 1c', '59 f0 59', '63 f0 63', '37 f0 37'])
  })

  test('what the controller makes of set 2 is set 1, for every key; no two keys are alike', () => {
    for (const name of KEY_NAMES)
      for (const isDown of [true, false]) {
        let released = 0
        const made = scanCodes(name, isDown, 2).flatMap((byte) => {
          if (byte === 0xf0) {
            released = 0x80
            return []
          }
          return byte === 0xe0 ? [byte] : [translate(byte) | released]
        })
        expect([name, made]).toEqual([name, scanCodes(name, isDown, 1)])
      }
    for (const set of [1, 2, 3])
      expect(new Set(KEY_NAMES.map((name) => scanCodes(name, true, set).join())).size).toBe(KEY_NAMES.length)
  })
})

test('each byte interrupts; what is disabled says nothing', () => {
  const { write, key, readAll, log } = setUp(TRANSLATED)
  key('ArrowUp', true)
  readAll()
  expect(log).toEqual(['irq 1', 'irq 1'])
  write(COMMAND, 0xad)
  key('KeyA', true)
  expect(readAll()).toEqual([])
  write(COMMAND, 0xae)
  expect(readAll()).toEqual([0x1e])
  write(DATA, 0xf5)
  readAll()
  key('KeyB', true)
  expect(readAll()).toEqual([])
})

test('replies overtake what is typed, and what is typed is kept, up to sixteen bytes', () => {
  const { keyboard, write, key, readAll } = setUp(RAW)
  key('KeyA', true)
  key('KeyB', true)
  write(DATA, 0xed)
  expect(readAll()).toEqual([0x1c, 0xfa, 0x32])
  write(DATA, 4)
  expect([readAll(), keyboard.leds]).toEqual([[0xfa], 4])
  for (let i = 0; i < 1000; i++) key('KeyA', true)
  const bytes = readAll()
  expect(bytes.length).toBeLessThan(20)
  // It says that keys got lost.
  expect(bytes.at(-1)).toBe(0)
})

test('room is told of as the guest reads, in order', () => {
  const { keyboard, controller, readAll } = setUp(RAW)
  const waiting = KEY_NAMES.filter((name) => scanCodes(name, true, 2).length === 1)
  const wanted = waiting.map((name) => scanCodes(name, true, 2)[0])
  keyboard.onRoom = () => {
    while (waiting.length > 0 && keyboard.hasRoom) keyboard.key(waiting.shift()!, true)
    controller.fill()
  }
  keyboard.onRoom()
  expect(readAll()).toEqual(wanted)
})

test('the reset line, by a pulse and by the output port', () => {
  const { write, log } = setUp(RAW)
  write(COMMAND, 0xfe)
  write(COMMAND, 0xff)
  expect(log).toEqual(['reset'])
  write(COMMAND, 0xd1)
  write(DATA, 0xde)
  expect(log).toEqual(['reset', 'reset'])
})

test('saved and loaded in the middle of a release, it goes on', () => {
  const one = setUp(TRANSLATED)
  one.key('KeyA', true)
  one.key('KeyA', false)
  one.key('ArrowUp', false)
  const two = setUp(RAW)
  two.keyboard.load(structuredClone(one.keyboard.save()))
  two.controller.load(structuredClone(one.controller.save()))
  expect(two.readAll()).toEqual(one.readAll())
  expect(two.readAll()).toEqual([])
})
