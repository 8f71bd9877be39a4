import { describe, expect, test, vi } from 'vitest'
import { startQemu } from '../support/guest.ts'
import { hasProgram } from '../support/programs.ts'
import { guestText, image, qemuWays } from './images.ts'

// The first build of a kernel takes seconds, on a busy machine many.
vi.setConfig({ testTimeout: 180_000 })

const qemu = hasProgram('qemu-system-x86_64')

describe.skipIf(!qemu)('on QEMU', () => {
  test.each(qemuWays)('hello says its line and powers off (%s)', async (link) => {
    const guest = startQemu(await image('src/app/hello.ts', { link }))
    expect(await guest.exit()).toBe(0)
    expect(guestText(guest.lines)).toMatch(/Hello from onering!\n?$/)
  })

  test('PVH boots as multiboot does', async () => {
    const guest = startQemu(await image('src/app/hello.ts', { link: 'direct', multiboot: false }))
    expect(await guest.exit()).toBe(0)
    expect(guestText(guest.lines)).toMatch(/Hello from onering!\n?$/)
  })

  test.each(qemuWays)(
    'a fault in the kernel’s ring ends in a panic with a TypeScript backtrace (%s)',
    async (link) => {
      const guest = startQemu(await image('test/kernel/guest/crash.ts', { link }))
      const status = await guest.exit()
      const text = guestText(guest.lines)
      expect(text).toMatch(/read from 0x8 in the null page/)
      expect(text).toMatch(/at \w+ \(crash\.ts:6\)/)
      expect(status).toBe(link.startsWith('trap') ? ((139 << 1) & 0xff) | 1 : 255)
    },
  )

  test('too little memory is said in one line', async () => {
    const guest = startQemu(await image('src/app/hello.ts', { link: 'direct' }), { memory: '2M' })
    await guest.exit()
    expect(guestText(guest.lines)).toMatch(/too little memory/)
  })
})
