/** A CD that Debian's grub-mkrescue has made: GRUB's menu on the serial port and on the text screen, and a key that moves in it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { screenText } from '../../src/devices/vga/screen.ts'
import { openFileDisk } from '../../src/machine/node/file-disk.ts'
import { hasProgram } from '../support/programs.ts'
import { haveSeaBios, runBios } from './support/boot-sector.ts'

const CONFIG = `
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
set timeout=-1
menuentry "a first entry" { halt }
menuentry "another one" { reboot }
`
const isPossible =
  haveSeaBios && hasProgram('grub-mkrescue') && hasProgram('xorriso') && hasProgram('mformat')

describe.skipIf(!isPossible)('GRUB from a CD', { timeout: 240_000 }, () => {
  test('shows its menu on the serial port and on the screen, and hears the keyboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'onering-grub-'))
    try {
      mkdirSync(join(folder, 'root/boot/grub'), { recursive: true })
      writeFileSync(join(folder, 'root/boot/grub/grub.cfg'), CONFIG)
      const iso = join(folder, 'grub.iso')
      execFileSync('grub-mkrescue', ['-o', iso, join(folder, 'root')], { stdio: 'ignore' })
      let menu: string[] = []
      let shown: string[] = []
      const { serial, exit } = runBios({
        drives: [{ disk: openFileDisk(iso, { isReadOnly: true }), serial: 'GRUB', bus: 'cdrom' }],
        memoryMib: 32,
        maxInstructions: 1e9,
        until: (text, { board }) => {
          if (!text.includes('before booting or')) return false
          shown = screenText(board.vga.screen)
          const isThere = (words: string): boolean => shown.some((line) => line.includes(words))
          if (!isThere('before booting or') || !isThere('a first entry')) return false
          if (menu.length === 0) {
            menu = shown
            for (const isDown of [true, false]) board.keyboard.key('ArrowDown', isDown)
            board.keyboardController.fill()
          }
          return isThere('*another one')
        },
      })
      expect(exit.reason).toBe('stopped')
      expect(serial).toContain('a first entry')
      expect(menu.find((line) => line.includes('a first entry'))).toMatch(/│\*a first entry +│/)
      expect(menu.some((line) => /GNU GRUB +version/.test(line))).toBe(true)
      expect(shown.find((line) => line.includes('another one'))).toMatch(/│\*another one +│/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
