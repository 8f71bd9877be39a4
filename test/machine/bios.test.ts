/** Machines that start with Debian's SeaBIOS: boot sectors of our own, from every kind of drive. */
import { describe, expect, test } from 'vitest'
import { al, dx } from '../../src/isa/index.ts'
import { screenText } from '../../src/devices/vga/screen.ts'
import { checkBios } from '../../src/machine/bios.ts'
import { attachIde } from '../../src/machine/ide.ts'
import { bootDisk, debugExit, haveSeaBios, memoryDrive, print, runBios } from './support/boot-sector.ts'

const hello = bootDisk((asm) => {
  print(asm, 'Hello from sector 0\r\n')
  debugExit(asm, 0x15)
})

/** Counts its boots (the last letter may stay in the BIOS' own buffer) in CMOS memory; resets through port 0xcf9 until there have been three. */
const threeBoots = bootDisk((asm) => {
  const again = asm.label('again')
  print(asm, 'booted\r\n')
  asm.emit('mov', al, 0x70).emit('out', 0x70, al).emit('in', al, 0x71).emit('inc', al)
  asm.emit('mov', dx, 0x71).emit('out', dx, al)
  asm.emit('cmp', al, 3).emit('jb', again)
  debugExit(asm, 0x16)
  asm.bind(again)
  asm.emit('mov', dx, 0xcf9).emit('mov', al, 6).emit('out', dx, al).emit('hlt')
})

describe.skipIf(!haveSeaBios)('SeaBIOS', { timeout: 120_000 }, () => {
  test('boots a sector from a virtio disk, which prints by int 10h', () => {
    const { exit, serial, log, computer } = runBios({ drives: [memoryDrive(hello.slice(), 'virtio')] })
    expect(screenText(computer.board.vga.screen)).toContain('Hello from sector 0')
    expect(serial).toContain('Hello from sector')
    expect(exit).toMatchObject({ reason: 'debug-exit', status: 0x2b })
    // It has found our tables, not made its own.
    expect(log).toMatch(/table\(50434146\)=0x[0-9a-f]+ \(via [rx]sdt\)/)
  })

  test('a reset starts the machine again, from an IDE disk, and CMOS memory outlives it', () => {
    const { exit, serial } = runBios({ drives: [memoryDrive(threeBoots.slice(), 'ide')] })
    expect(serial.match(/boote/g)).toHaveLength(3)
    expect(exit).toMatchObject({ reason: 'debug-exit', status: 0x2d })
  })

  test('the boot order decides; without reboots the first reset ends the machine', () => {
    const emptyCd = memoryDrive(new Uint8Array(64 * 2048), 'cdrom')
    const drives = [memoryDrive(threeBoots.slice(), 'ide'), emptyCd]
    const { exit, serial, log } = runBios({ drives, bios: { bootOrder: 'dc' }, reboots: false })
    expect(log).toMatch(/Booting from DVD\/CD[^]*Booting from Hard Disk/)
    expect(serial.match(/boote/g)).toHaveLength(1)
    expect(exit).toMatchObject({ reason: 'reset', status: 0 })
  })
})

test('a BIOS of odd size and a video BIOS that is none are refused in one line', () => {
  const image = new Uint8Array(0x4_0000)
  expect(() => checkBios({ image: image.subarray(1) })).toThrow(/262143 bytes: it must have 64 KiB to 8 MiB/)
  expect(() => checkBios({ image, vgaBios: new Uint8Array(1024) })).toThrow(/not an option ROM/)
  expect(() => checkBios({ image, bootOrder: 'cx' })).toThrow(/x is unknown/)
})

test('IDE has four places', () => {
  const disk = (): ReturnType<typeof memoryDrive> => memoryDrive(new Uint8Array(512), 'ide')
  const cd = memoryDrive(new Uint8Array(2048), 'cdrom')
  expect(attachIde([disk(), cd]).map((place) => place !== null)).toEqual([true, false, true, false])
  expect(() => attachIde([disk(), disk(), disk(), disk(), cd])).toThrow(/room for four/)
})
