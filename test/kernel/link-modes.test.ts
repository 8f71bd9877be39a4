/** One application source, one output, however it reaches the kernel. */
import { describe, expect, test, vi } from 'vitest'
import { findLinkMode, linkModes, ways } from '../../src/toolchain/index.ts'
import { startOnering } from '../support/guest.ts'
import { image } from './images.ts'

vi.setConfig({ testTimeout: 180_000 })

async function outputOf(app: string, link: string, args: readonly string[]): Promise<string> {
  const guest = startOnering(await image(app, { link }), { args: ['--quiet', '--timeout', '120', ...args] })
  expect(await guest.exit(), guest.errors).toBe(0)
  return guest.lines.map(({ text }) => text).join('\n')
}

const some = [...ways, 'trap+kpti+mitigations', 'trap:int80+kpti', 'trap:gate+kpti', 'trap:fred+kpti']

describe.each([
  ['src/app/hello.ts', linkModes, []],
  ['test/kernel/guest/sockets.ts', some, []],
  ['test/kernel/guest/upcalls.ts', some, ['--net', 'none']],
  // Without a network no other interrupt comes to the aid of the scheduler's.
  ['test/kernel/guest/threads.ts', some, ['--net', 'none']],
])('the output of %s', (app, modes, args) => {
  test('is the same in every link mode', async () => {
    const expected = await outputOf(app, 'direct', args)
    expect(expected).not.toBe('')
    for (const link of modes) expect(await outputOf(app, link, args), link).toBe(expected)
  })
})

test('a link mode that does not exist is no mode', () => {
  expect(findLinkMode('trap:smoke')).toBeUndefined()
  expect(linkModes).toContain('direct')
})
