import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EscapeFilter } from '../../src/cli/keyboard.ts'
import { al, dx, short } from '../../src/isa/index.ts'
import { assemble32, buildImage, print } from '../machine/support/image.ts'
import { hasProgram } from '../support/programs.ts'

describe('the keys behind Ctrl-A', () => {
  const run = (...pieces: string[]): { guest: string; did: string } => {
    let did = ''
    const filter = new EscapeFilter({
      quit: () => (did += 'quit '),
      powerButton: () => (did += 'power '),
      help: () => (did += 'help '),
    })
    const encoder = new TextEncoder()
    const guest = pieces
      .map((piece) => new TextDecoder().decode(filter.filter(encoder.encode(piece))))
      .join('|')
    return { guest, did }
  }
  test.each([
    [['plain \x03\x04\r'], 'plain \x03\x04\r', ''],
    [['a\x01xb'], 'ab', 'quit '],
    [['a\x01', 'Xb'], 'a|b', 'quit '],
    [['\x01\x01x'], '\x01x', ''],
    [['\x01h\x01?z'], 'z', 'help help '],
    [['\x01qz'], 'z', ''],
    [['a\x01pb'], 'ab', 'power '],
  ])('%j', (typed, guest, did) => expect(run(...typed)).toEqual({ guest, did }))
})

/** Says that it is ready, then gives every byte back with 0x40 added, so that control characters can be seen. */
const echo = assemble32((asm) => {
  print(asm, 'ready\n')
  const next = asm.label('next')
  asm.bind(next)
  asm.emit('mov', dx, 0x3fd)
  asm.emit('in', al, dx)
  asm.emit('test', al, 1)
  asm.emit('je', short(next))
  asm.emit('mov', dx, 0x3f8)
  asm.emit('in', al, dx)
  asm.emit('add', al, 0x40)
  asm.emit('out', dx, al)
  asm.emit('jmp', short(next))
})

const folder = mkdtempSync(join(tmpdir(), 'onering-keyboard-'))
afterAll(() => rmSync(folder, { recursive: true }))
const command = new URL('../../dist/cli/main.js', import.meta.url).pathname
const image = join(folder, 'echo.elf')
writeFileSync(image, buildImage(echo, { protocol: 'pvh' }))

describe.skipIf(!hasProgram('script'))('on a terminal (script)', () => {
  test('Ctrl-C reaches the guest, Ctrl-A x ends it', { timeout: 30_000 }, async () => {
    const child = spawn('script', [
      '-qec',
      `${process.execPath} ${command} run ${image} --net none`,
      '/dev/null',
    ])
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
    const seen = async (wanted: string): Promise<void> => {
      while (!text.includes(wanted)) await once(child.stdout, 'data')
    }
    await seen('ready')
    await seen('Ctrl-A x ends it')
    text = ''
    child.stdin.write('\x03\x04\r!')
    await seen('CDMa')
    child.stdin.write('\x01x')
    const [status] = (await once(child, 'exit')) as [number]
    expect(status).toBe(130)
  })
})

test('piped input of any length arrives, in order', { timeout: 30_000 }, async () => {
  const input = Buffer.from(Array.from({ length: 300_000 }, (_, i) => 0x20 + (i % 31)))
  const child = spawn(process.execPath, [command, 'run', image, '--net', 'none', '--quiet'])
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  child.stdin.end(input)
  while (text.length < input.length + 6) await once(child.stdout, 'data')
  child.kill('SIGTERM')
  await once(child, 'exit')
  expect(text).toBe(`ready\n${Buffer.from(input.map((byte) => byte + 0x40)).toString('latin1')}`)
})
