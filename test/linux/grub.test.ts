/** Debian's kernel from a CD: SeaBIOS, El Torito, GRUB, its Linux loader. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hasProgram } from '../support/programs.ts'
import { Console, PROMPT } from './support/console.ts'
import { hasDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

const BOOT_MS = 600_000
const SEABIOS = '/usr/share/seabios/bios-256k.bin'
const CONFIG = `
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
menuentry "Debian" { linux /boot/vmlinuz console=ttyS0
  initrd /boot/initrd.cpio }
`
const isPossible = hasDebian && existsSync(SEABIOS) && hasProgram('grub-mkrescue') && hasProgram('mformat')
const folder = mkdtempSync(join(tmpdir(), 'onering-grub-linux-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(!isPossible)('GRUB boots Debian from a CD', () => {
  test('to a shell, to sleep in S3, awake through the BIOS, and off', { timeout: BOOT_MS }, async () => {
    const debian = openDebian()
    mkdirSync(join(folder, 'root/boot/grub'), { recursive: true })
    writeFileSync(join(folder, 'root/boot/grub/grub.cfg'), CONFIG)
    writeFileSync(join(folder, 'root/boot/vmlinuz'), debian.kernel)
    writeFileSync(join(folder, 'root/boot/initrd.cpio'), buildInitramfs(debian))
    const iso = join(folder, 'debian.iso')
    execFileSync('grub-mkrescue', ['-o', iso, join(folder, 'root')], { stdio: 'ignore' })
    const console_ = await Console.start({
      bios: { image: readFileSync(SEABIOS), bootOrder: 'd' },
      drives: [{ path: iso, bus: 'cdrom', readonly: true }],
      memory: 512 << 20,
      idle: 'leap',
      timeoutSeconds: BOOT_MS / 1000,
    })
    await console_.expect(PROMPT)
    expect(await console_.command('uname -r')).toBe(`${debian.release}\n`)
    await console_.command('echo +3 > /sys/class/rtc/rtc0/wakealarm')
    expect(await console_.command('echo mem > /sys/power/state; echo back')).toContain('back\n')
    expect(await console_.command('cat /sys/power/suspend_stats/success')).toBe('1\n')
    console_.type('poweroff -f\n')
    expect(await console_.exit).toMatchObject({ reason: 'power-off', status: 0 })
  })
})
