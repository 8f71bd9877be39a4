/** Debian's own kernel, as packaged, from its first instruction to power-off. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { userNet } from '../../src/index.ts'
import { hasProgram } from '../support/programs.ts'
import { Console, PROMPT } from './support/console.ts'
import { hasDebian, missingDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'
import { extractVmlinux } from './support/vmlinux.ts'

const MIB = 1 << 20
const BOOT_MS = 600_000
const TIMEOUT_SECONDS = BOOT_MS / 1000
const STEP_MS = 60_000

/** What a kernel says when something is not as on a real machine. */
const COMPLAINTS =
  /warning:|oops|call trace|general protection|unhandled|unexpected|unchecked MSR|unstable|lost .*interrupt|nobody cared|spurious|firmware bug|hardware error|segfault|trap (invalid|divide)|timed out|BUG:/i

const page = `The time of the host is ${Date.now()}.`
let server: Server

beforeAll(async () => {
  server = createServer((_, response) => response.end(page))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => void server.close())

const title = hasDebian ? 'bzImage by its 64-bit entry' : `bzImage: ${missingDebian}`
const disk = join(mkdtempSync(join(tmpdir(), 'onering-linux-')), 'ext4.img')
afterAll(() => rmSync(dirname(disk), { recursive: true }))
const hasExt4 = hasProgram('mkfs.ext4') && hasProgram('e2fsck')

describe.skipIf(!hasDebian)(title, () => {
  let console_: Console
  beforeAll(async () => {
    const debian = openDebian()
    writeFileSync(disk, new Uint8Array(64 * MIB))
    if (hasExt4) execFileSync('mkfs.ext4', ['-q', disk])
    console_ = await Console.start({
      image: debian.kernel,
      modules: [{ data: buildInitramfs(debian) }],
      cmdline: 'console=ttyS0',
      memory: 512 * MIB,
      idle: 'leap',
      net: userNet({ hostLoopback: true }),
      drives: [{ path: disk }],
      timeoutSeconds: TIMEOUT_SECONDS,
    })
  })
  afterAll(() => console_.stop())

  test('boots to a shell', { timeout: BOOT_MS }, async () => {
    await console_.expect(PROMPT)
    expect(await console_.command('echo $((6 * 7))')).toBe('42\n')
    expect(await console_.command('uname -r')).toBe(`${openDebian().release}\n`)
  })

  test('the kernel has nothing to complain of', { timeout: STEP_MS }, async () => {
    expect(await console_.command('dmesg -r | grep "^<[0-4]>"')).toBe('')
    const log = await console_.command('dmesg')
    expect(log.split('\n').filter((line) => COMPLAINTS.test(line))).toEqual([])
    expect(log).toMatch(/Linux version .*Debian/)
    expect(log).toMatch(/clocksource: Switched to clocksource tsc\n/)
    expect(await console_.command('grep -c ^processor /proc/cpuinfo')).toBe('1\n')
    expect(await console_.command('grep -E "^(ERR|MIS|SPU):" /proc/interrupts')).toMatch(
      /^SPU: +0 .*\nERR: +0\nMIS: +0\n$/,
    )
  })

  test('gets an address by DHCP and a page by HTTP', { timeout: STEP_MS }, async () => {
    await console_.command('ip link set eth0 up')
    expect(await console_.command('udhcpc -i eth0 -s /etc/udhcpc -n -q')).toContain('lease of 10.0.2.15')
    const { port } = server.address() as AddressInfo
    expect(await console_.command(`wget -q -O - http://10.0.2.2:${port}/; echo`)).toBe(`${page}\n`)
  })

  test.skipIf(!hasExt4)(
    'an ext4 disk is mounted, written, unmounted, and clean',
    { timeout: STEP_MS },
    async () => {
      expect(await console_.command('mount -t ext4 /dev/vda /mnt; echo $?')).toMatch(/0\n$/)
      await console_.command('mkdir /mnt/d && for i in $(seq 100); do echo $i > /mnt/d/$i; done')
      await console_.command('cp /bin/busybox /mnt/ && rm /mnt/d/5? && sync')
      expect(await console_.command('cmp /bin/busybox /mnt/busybox; echo $?')).toBe('0\n')
      expect(await console_.command('umount /mnt; echo $?')).toMatch(/0\n$/)
      const { status, stdout } = spawnSync('e2fsck', ['-fn', disk], { encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, expect.stringMatching(/: 103\/\d+ files/)])
      expect(execFileSync('debugfs', ['-R', 'cat /d/42', disk], { encoding: 'utf8' })).toBe('42\n')
    },
  )

  test('random numbers come from the device', { timeout: STEP_MS }, async () => {
    expect(await console_.command('cat /sys/class/misc/hw_random/rng_current')).toMatch(/virtio/)
    expect(await console_.command('head -c 32 /dev/hwrng | wc -c')).toBe('32\n')
  })

  test('time passes as the clock says', { timeout: STEP_MS }, async () => {
    // In one line: between lines an idle guest's time leaps on.
    const uptime = 'cut -d" " -f1 /proc/uptime'
    const [from, to] = (await console_.command(`${uptime}; sleep 5; ${uptime}`)).split('\n').map(Number)
    const passed = to! - from!
    expect(passed).toBeGreaterThanOrEqual(5)
    expect(passed).toBeLessThan(5.5)
  })

  test('poweroff ends with status 0', { timeout: STEP_MS }, async () => {
    console_.type('poweroff -f\n')
    expect(await console_.exit).toMatchObject({ reason: 'power-off', status: 0 })
  })
})

const hasXz = hasProgram('xz')
describe.skipIf(!hasDebian || !hasXz)(hasXz ? 'other ways in' : 'other ways in: xz is missing', () => {
  test('vmlinux by PVH; reboot ends the machine with reason reset', { timeout: BOOT_MS }, async () => {
    const debian = openDebian()
    const script = 'cat /proc/cmdline; reboot -f'
    const console_ = await Console.start({
      image: extractVmlinux(debian.kernel),
      modules: [{ data: buildInitramfs(debian, { modules: [], script }) }],
      cmdline: 'console=ttyS0 quiet by=pvh',
      memory: 256 * MIB,
      idle: 'leap',
      timeoutSeconds: TIMEOUT_SECONDS,
    })
    expect(await console_.exit).toMatchObject({ reason: 'reset', status: 0 })
    expect(console_.text).toContain('console=ttyS0 quiet by=pvh\r\n')
  })

  test.each([16, 32] as const)(
    'bzImage by its %s-bit entry reaches the kernel',
    { timeout: BOOT_MS },
    async (linuxEntry) => {
      const console_ = await Console.start({
        image: openDebian().kernel,
        linuxEntry,
        cmdline: 'earlyprintk=serial,ttyS0',
        memory: 256 * MIB,
        idle: 'leap',
        timeoutSeconds: TIMEOUT_SECONDS,
      })
      await console_.expect('Linux version')
      console_.stop()
      await console_.exit
    },
  )
})
