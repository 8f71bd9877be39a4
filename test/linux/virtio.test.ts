/** Linux's own drivers on every virtio device, through the modern interface and then through the legacy one. The shell runs on hvc0. */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { userNet } from '../../src/index.ts'
import { Console, PROMPT } from './support/console.ts'
import { hasDebian, missingDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

const MIB = 1 << 20
const BOOT_MS = 600_000
const STEP_MS = 120_000
const VERSION_1 = 32

/** The transport is loaded anew, and told to speak as it did before there was a standard. */
const LEGACY = 'rmmod virtio_pci && insmod /lib/modules/virtio_pci.ko force_legacy=1'
const SHELL = 'exec setsid sh -c "exec sh -i </dev/hvc0 >/dev/hvc0 2>&1"'

const INTERFACES: [name: string, script: string, version1: string][] = [
  ['modern', SHELL, '1'],
  ['legacy', `${LEGACY}\n${SHELL}`, '0'],
]

const suite = describe.skipIf(!hasDebian)
suite.each(INTERFACES)(hasDebian ? '%s' : `%s: ${missingDebian}`, (_name, script, version1) => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'onering-linux-virtio-'))
  const [disk, readOnly, shared] = ['disk.img', 'read-only.img', 'shared'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  let console_: Console

  beforeAll(async () => {
    const debian = openDebian()
    fs.writeFileSync(disk, new Uint8Array(8 * MIB))
    fs.writeFileSync(readOnly, new Uint8Array(MIB).fill(0x5a))
    fs.mkdirSync(join(shared, 'sub'), { recursive: true })
    fs.writeFileSync(join(shared, 'sub/greeting'), 'hello from the host\n')
    fs.writeFileSync(join(folder, 'secret'), 'outside')
    fs.symlinkSync('../secret', join(shared, 'escape'))
    console_ = await Console.start({
      image: debian.kernel,
      modules: [{ data: buildInitramfs(debian, { script }) }],
      cmdline: 'console=ttyS0 quiet',
      memory: 256 * MIB,
      idle: 'leap',
      net: userNet(),
      console: 'virtio',
      drives: [
        { path: disk, serial: 'ONE-RING' },
        { path: readOnly, readonly: true },
      ],
      shares: [
        { path: shared, tag: 'rw', writable: true },
        { path: shared, tag: 'ro' },
      ],
      timeoutSeconds: BOOT_MS / 1000,
    })
    await console_.expect(PROMPT)
  }, BOOT_MS)
  afterAll(() => {
    console_.stop()
    fs.rmSync(folder, { recursive: true })
  })

  test('seven devices, each with its driver', { timeout: STEP_MS }, async () => {
    const features = await console_.command('cat /sys/bus/virtio/drivers/*/virtio*/features')
    const words = features.trim().split('\n')
    expect(words.length).toBe(7)
    expect(words.map((bits) => bits[VERSION_1])).toEqual(words.map(() => version1))
  })

  test(
    'the disk is written, read, discarded; the serial number; a read-only one',
    { timeout: STEP_MS },
    async () => {
      expect(await console_.command('cat /sys/block/vda/serial; cat /sys/block/vd?/ro')).toBe(
        'ONE-RING0\n1\n',
      )
      await console_.command('dd if=/bin/busybox of=/dev/vda bs=64k conv=fsync 2>/dev/null')
      const { busybox } = openDebian()
      expect(Buffer.compare(fs.readFileSync(disk).subarray(0, busybox.length), busybox)).toBe(0)
      await console_.command('echo 3 > /proc/sys/vm/drop_caches')
      expect(await console_.command(`cmp -n ${busybox.length} /dev/vda /bin/busybox; echo $?`)).toBe('0\n')
      expect(await console_.command('blkdiscard -o 4194304 -l 1048576 /dev/vda; echo $?')).toBe('0\n')
      expect(await console_.command('echo x 2>/dev/null >/dev/vdb; echo $?')).not.toBe('0\n')
      expect(await console_.command('head -c 2 /dev/vdb')).toBe('ZZ')
    },
  )

  test('a shared folder: read, written, and nothing outside', { timeout: STEP_MS }, async () => {
    await console_.command('mkdir /rw /ro')
    for (const tag of ['rw', 'ro'])
      expect(
        await console_.command(`mount -t 9p -o trans=virtio,version=9p2000.L ${tag} /${tag}; echo $?`),
      ).toBe('0\n')
    expect(await console_.command('cat /ro/sub/greeting; ls /ro')).toMatch(
      /^hello from the host\nescape +sub\n$/,
    )
    expect(await console_.command('cat /ro/escape 2>/dev/null; echo $?')).toBe('1\n')
    expect(await console_.command('touch /ro/new 2>/dev/null; echo $?')).toBe('1\n')
    await console_.command('cp /bin/busybox /rw/sub/copy && mv /rw/sub/copy /rw/moved')
    expect(await console_.command('cmp /rw/moved /bin/busybox; echo $?')).toBe('0\n')
    await console_.command('mkdir /rw/made && ln -s a /rw/made/link && rm /rw/moved')
    expect(await console_.command('readlink /rw/made/link')).toBe('a\n')
    await console_.command('echo hello from the guest > /rw/answer')
    await console_.command('truncate -s 10 /rw/answer; umount /rw')
    expect(fs.readFileSync(join(shared, 'answer'), 'utf8')).toBe('hello from')
    expect(execFileSync('ls', [shared], { encoding: 'utf8' })).toBe('answer\nescape\nmade\nsub\n')
  })

  test('random numbers, and an address by DHCP', { timeout: STEP_MS }, async () => {
    expect(await console_.command('head -c 32 /dev/hwrng | wc -c')).toBe('32\n')
    await console_.command('ip link set eth0 up')
    expect(await console_.command('udhcpc -i eth0 -s /etc/udhcpc -n -q')).toContain('lease of 10.0.2.15')
    expect(await console_.command('ping -c 2 10.0.2.2 | grep -c "bytes from"')).toBe('2\n')
  })

  test('the kernel has nothing to complain of them', { timeout: STEP_MS }, async () => {
    expect(await console_.command('dmesg -r | grep "^<[0-4]>" | grep -E "vir|vd|9p|hvc"')).toBe('')
    console_.type('poweroff -f\n')
    expect(await console_.exit).toMatchObject({ reason: 'power-off', status: 0 })
  })
})
