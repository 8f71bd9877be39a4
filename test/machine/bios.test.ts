/** Machines that start with Debian's SeaBIOS: boot sectors of our own, from every kind of drive. */
import { describe, expect, test } from 'vitest'
import { al, dx } from '../../src/isa/index.ts'
import { checkBios } from '../../src/machine/bios.ts'
import { attachIde } from '../../src/machine/ide.ts'
import type { DriveBus } from '../../src/machine/drive.ts'
import { bootDisk, debugExit, haveSeaBios, memoryDrive, print, runBios } from './support/boot-sector.ts'

const hello = bootDisk((asm) => {
  print(asm, 'Hello from sector 0\r\n')
  debugExit(asm, 0x15)
})

/** Counts its boots in CMOS memory; resets through port 0xcf9 until there have been three. */
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

describe.skipIf(!haveSeaBios)('SeaBIOS', () => {
  test.each(['ide', 'virtio'] as DriveBus[])(
    'boots a sector from a disk at %s, which prints by int 10h',
    (bus) => {
      const { exit, serial, log } = runBios({ drives: [memoryDrive(hello.slice(), bus)] })
      expect(serial).toContain('Hello from sector')
      expect(exit).toMatchObject({ reason: 'debug-exit', status: 0x2b })
      // It has found our tables, not made its own.
      expect(log).toMatch(/table\(50434146\)=0x[0-9a-f]+ \(via [rx]sdt\)/)
    },
  )

  test('a reset starts the machine again, and CMOS memory outlives it', () => {
    const { exit, serial } = runBios({ drives: [memoryDrive(threeBoots.slice(), 'ide')] })
    expect(serial.match(/booted/g)).toHaveLength(3)
    expect(exit).toMatchObject({ reason: 'debug-exit', status: 0x2d })
  })

  test('without reboots the first reset ends the machine', () => {
    const { exit, serial } = runBios({ drives: [memoryDrive(threeBoots.slice(), 'ide')], reboots: false })
    expect(serial.match(/booted/g)).toHaveLength(1)
    expect(exit).toMatchObject({ reason: 'reset', status: 0 })
  })

  test('the boot order decides', () => {
    const drives = [memoryDrive(threeBoots.slice(), 'ide'), memoryDrive(hello.slice(), 'virtio')]
    const { log } = runBios({ drives, maxInstructions: 100e6 })
    expect(log).toContain('Booting from Hard Disk')
    const { log: cdFirst } = runBios({ drives, bios: { bootOrder: 'dc' } })
    expect(cdFirst).toContain('Booting from DVD/CD')
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
