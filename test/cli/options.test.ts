import { describe, expect, test } from 'vitest'
import { parseChoice, parseCount, parseForward, parseSize } from '../../src/cli/options.ts'
import { hintFor } from '../../src/cli/hint.ts'

describe('sizes', () => {
  test.each([
    ['256M', 256 * 2 ** 20],
    ['1G', 2 ** 30],
    ['4096', 4096],
    ['64k', 65536],
    ['64MiB', 64 * 2 ** 20],
  ])('%s', (text, bytes) => expect(parseSize(text, '--memory')).toBe(bytes))
  test.each(['', 'x', '-1', '0', '1T', '9999999999999999999G'])('%s is refused', (text) =>
    expect(() => parseSize(text, '--memory')).toThrow(/not a size; write for example --memory 256M/),
  )
})

describe('forwarded ports', () => {
  test('host and guest', () =>
    expect(parseForward('7007:7')).toEqual({
      hostAddress: '127.0.0.1',
      host: 7007,
      guest: 7,
      protocol: 'tcp',
    }))
  test('udp and address', () =>
    expect(parseForward('0.0.0.0:53:5353/udp')).toEqual({
      hostAddress: '0.0.0.0',
      host: 53,
      guest: 5353,
      protocol: 'udp',
    }))
  test.each(['7007', '7007:', ':7', '0:7', '7007:70000', '1:2:3:4', '7:7/sctp', 'localhost:7:7'])(
    '%s is refused',
    (text) => expect(() => parseForward(text)).toThrow(/^-p /),
  )
})

test('counts and choices name what is allowed', () => {
  expect(parseCount('10', '--timeout', 0, 100)).toBe(10)
  expect(() => parseCount('abc', '--timeout', 0, 100)).toThrow('--timeout abc: not a number from 0 to 100')
  expect(() => parseChoice('x', '--link', ['direct', 'trap'])).toThrow(
    '--link x: unknown; choose direct, trap',
  )
})

test('the hint names the host side of the port on which the guest listens', () => {
  const forwards = [parseForward('7007:7'), parseForward('8080:80')]
  expect(hintFor('echo-tcp: listening on port 7', forwards)).toContain('nc 127.0.0.1 7007')
  expect(hintFor('http: listening on port 80', forwards)).toContain('curl http://127.0.0.1:8080/')
  expect(hintFor('listening on port 9', forwards)).toBeNull()
  expect(hintFor('listening on udp port 7', forwards)).toBeNull()
  expect(hintFor('hello', forwards)).toBeNull()
})
