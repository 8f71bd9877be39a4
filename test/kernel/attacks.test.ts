import { beforeAll, describe, expect, test } from 'vitest'
import { startQemu } from '../support/guest.ts'
import { hasProgram } from '../support/programs.ts'
import { guestText, image } from './images.ts'

/** What an application in ring 3 tries, and what the kernel must say about it. */
const attacks: [name: string, message: RegExp][] = [
  [
    'reading kernel memory',
    /read from 0x102000 in the kernel's memory.*\n\s+at readKernel \(attack\.ts:\d+\)/,
  ],
  [
    'writing kernel memory',
    /wrote to 0x102000 in the kernel's memory.*\n\s+at writeKernel \(attack\.ts:\d+\)/,
  ],
  ['reading the null page', /read from 0x8 in the null page.*\n\s+at readNull \(attack\.ts:\d+\)/],
  ['a privileged instruction', /executed a privileged instruction.*\n\s+at privileged \(attack\.ts:\d+\)/],
  ['reading a model-specific register', /privileged instruction.*\n\s+at readMsr \(attack\.ts:\d+\)/],
  [
    'a kernel pointer to a call',
    /bad pointer to the call write: data 0x102000, 16 bytes\n\s+at kernelPointer \(attack\.ts:\d+\)/,
  ],
  ['a pointer beyond all memory', /bad pointer to the call write: data 0xfffffff0, 64 bytes/],
  ['jumping into the kernel', /jumped to 0x108000 in the kernel's memory/],
  [
    'writing its own code',
    /wrote to 0x40003000 in the application's window.*\n\s+at writeOwnCode \(attack\.ts:\d+\)/,
  ],
  ['overflowing the stack', /the stack has overflowed/],
  ['a failed assertion', /failed: on purpose[^]*at failedAssertion/],
]

describe.skipIf(!hasProgram('qemu-system-x86_64'))('an application in ring 3', () => {
  let text = ''
  let status: number | null = null
  beforeAll(async () => {
    const guest = startQemu(await image('test/kernel/guest/attacks/attack.ts', { link: 'trap' }))
    status = await guest.exit()
    text = guestText(guest.lines)
  }, 180_000)

  test.each(attacks)('is stopped for %s', (name, message) => {
    const from = text.indexOf(`# ${name}\n`)
    const to = text.indexOf(`stopped ${name}\n`)
    expect(from, text).toBeGreaterThanOrEqual(0)
    expect(to).toBeGreaterThan(from)
    expect(text.slice(from, to)).toMatch(message)
  })

  test('goes on with its other threads', () => {
    expect(text).toContain('still here')
    expect(status).toBe(0)
  })
})
