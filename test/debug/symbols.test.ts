import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeLine, describePlace, shortName, Symbols } from '../../src/debug/symbols/symbols.ts'
import { buildApp } from '../../src/toolchain/index.ts'
import { hasProgram } from '../support/programs.ts'

const app = new URL('../../src/app/echo-tcp.ts', import.meta.url).pathname

describe('symbols of an image', () => {
  let image: Uint8Array
  let symbols: Symbols
  let path: string
  beforeAll(async () => {
    ;({ image } = await buildApp(app, { link: 'trap' }))
    symbols = Symbols.fromImage(image)
    path = join(mkdtempSync(join(tmpdir(), 'onering-symbols-')), 'echo.elf')
    writeFileSync(path, image)
  }, 60_000)

  test('a function is found by either of its names, and at each of its bytes', () => {
    const [send] = symbols.find('tcpOutput')
    expect(symbols.find(send!.name)).toEqual([send])
    expect(describePlace(symbols.at(send!.address))).toBe('tcpOutput')
    expect(describePlace(symbols.at(send!.address + 3n))).toBe('tcpOutput+0x3')
    expect(symbols.functionAt(send!.address + BigInt(send!.size))).not.toBe(send)
  })

  test('nothing is known where there is no code', () => {
    expect(symbols.at(0n)).toBeNull()
    expect(symbols.at(0xffff_ffff_8100_0000n)).toBeNull()
    expect(symbols.lineAt(0n)).toBeNull()
  })

  test('a line is found again from its address', () => {
    const line = symbols.lineAt(symbols.find('tcpOutput')[0]!.address)!
    const addresses = symbols.addressesOf('output.ts', line.line)
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses)
      expect(describeLine(symbols.lineAt(address))).toBe(`output.ts:${line.line}`)
  })

  test.skipIf(!hasProgram('addr2line'))('functions and lines are those that addr2line finds', () => {
    const addresses = symbols.functions
      .filter(({ size }) => size > 0)
      .flatMap(({ address, size }) => [address, address + BigInt(size >> 1), address + BigInt(size - 1)])
    const input = addresses.map((address) => `0x${address.toString(16)}`).join('\n')
    const told = execFileSync('addr2line', ['-e', path], { input, encoding: 'utf8' }).trimEnd().split('\n')
    const ours = addresses.map((address) => {
      const source = symbols.lineAt(address)
      return source === null ? '??' : `${source.file}:${source.line}`
    })
    // Paths in the library have no folder; addr2line puts the unit's before them.
    expect(ours).toEqual(
      told.map((line) => (line.startsWith('??') ? '??' : line.replace(/^\/.*\/~lib/, '~lib'))),
    )
  })

  test.skipIf(!hasProgram('nm'))('what nm prints gives the same functions', () => {
    const map = Symbols.fromSystemMap(execFileSync('nm', [path], { encoding: 'utf8' }))
    for (const { address } of symbols.functions) expect(shortName(map.functionAt(address)!.name)).toBeTruthy()
    expect(map.functions.length).toBe(symbols.functions.length)
  })

  test('an image that is cut off anywhere has fewer symbols, or none, and throws nothing', () => {
    for (let length = 0; length < image.length; length += 4093)
      expect(Symbols.fromImage(image.subarray(0, length)).functions.length).toBeLessThanOrEqual(
        symbols.functions.length,
      )
  })
})
