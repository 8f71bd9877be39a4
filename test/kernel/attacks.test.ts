import { beforeAll, describe, expect, test } from 'vitest'
import { findLinkMode, ways } from '../../src/toolchain/index.ts'
import { startOnering, startQemu } from '../support/guest.ts'
import { hasProgram } from '../support/programs.ts'
import { guestText, image } from './images.ts'

const privileged = (name: string): RegExp =>
  new RegExp(`executed a privileged instruction.*\\n\\s+at ${name} \\(attack\\.ts:\\d+\\)`)

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
  ['halting the processor', privileged('halt')],
  ['reading a port', privileged('readPort')],
  ['ending the machine', privileged('writePort')],
  ['writing a model-specific register', privileged('writeMsr')],
  ['reading a control register', privileged('readControl')],
  ['other page tables', privileged('otherPageTables')],
  ['SMEP and SMAP off', privileged('withoutSmep')],
  ['another IDT', privileged('otherIdt')],
  ['another GDT', privileged('otherGdt')],
  ['another task', privileged('otherTask')],
  // With FRED there is no such instruction.
  ['SWAPGS', /(?:a privileged|an invalid) instruction.*\n\s+at swapBases/],
  ['INVLPG', privileged('flushTlb')],
  ['CLTS', privileged('clearTaskSwitched')],
  ['a breakpoint without a debugger', privileged('breakpoint')],
  ['IOPL 3 and interrupts off', privileged('raiseIopl')],
  ['STAC', /invalid instruction \(#UD invalid opcode\)\n\s+at suspendSmap/],
  ['single-stepping itself', /caused an exception \(#DB/],
  ['reading the stack of the kernel', /which it has no right to.*\n\s+at readStackOfKernel/],
  ['strange flags on the way in', /went on\n[^]*failed: on purpose/],
  [
    'a kernel pointer to a call',
    /bad pointer to the call write: data 0x102000, 16 bytes\n\s+at kernelPointer \(attack\.ts:\d+\)/,
  ],
  ['a pointer beyond all memory', /bad pointer to the call write: data 0xfffffff0, 64 bytes/],
  ['jumping into the kernel', /jumped to 0x108000 in the kernel's memory/],
  [
    'writing its own code',
    /wrote to 0x400[0-9a-f]+ in the application's window.*\n\s+at writeOwnCode \(attack\.ts:\d+\)/,
  ],
  ['overflowing the stack', /the stack has overflowed/],
  ['an upcall into the kernel', /jumped to 0x108000 in the kernel's memory/],
  ['an upcall to the null page', /jumped to 0x8 in the null page/],
  ['a privileged instruction in an upcall', privileged('handlerWithTables')],
  ['overflowing the stack in an upcall', /the stack has overflowed/],
  ['an upcall that returns into the kernel', /jumped to 0x108000 in the kernel's memory/],
  ['the end of an upcall that never began', /ended -22\n[^]*at endWithoutUpcall/],
  ['the end of an upcall twice', /ended -22\n[^]*at endTwice/],
  ['the flags of an upcall', /flags 0\n[^]*at flagsOfUpcall/],
  ['a failed assertion', /failed: on purpose[^]*at failedAssertion/],
]

const traps = [
  ...ways.filter((name) => findLinkMode(name)!.ring === 3),
  'trap+kpti',
  'trap:int80+kpti+mitigations',
  'trap:sysenter+kpti-nopcid',
  'trap:gate+kpti',
  'trap:fred+kpti',
]

const machines = [
  { machine: 'onering', start: startOnering },
  ...(hasProgram('qemu-system-x86_64') ? [{ machine: 'QEMU', start: startQemu }] : []),
]
const cases = machines.flatMap((each) =>
  traps
    .filter((link) => each.machine === 'onering' || !link.startsWith('trap:fred'))
    .map((link) => ({ ...each, link })),
)

describe.each(cases)('an application in ring 3 ($link, $machine)', ({ link, start }) => {
  let text = ''
  let status: number | null = null
  beforeAll(async () => {
    const guest = start(await image('test/kernel/guest/attacks/attack.ts', { link }))
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
