/** The Linux boot protocol with kernels of a few instructions; the 16-bit entry on QEMU too. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  ah,
  al,
  type Assembler,
  ax,
  bx,
  di,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  esi,
  fs,
  mem,
  rsi,
  short,
} from '../../src/isa/index.ts'
import type { BootModule } from '../../src/machine/boot/boot.ts'
import { ImageError } from '../../src/machine/boot/image-error.ts'
import type { LinuxEntry } from '../../src/index.ts'
import { hasProgram } from '../support/programs.ts'
import { fixedComputer } from './support/computer.ts'
import { buildBzImage, type BzImageOptions } from './support/bzimage.ts'
import { debugExit, print } from './support/image.ts'

const MIB = 1 << 20
const ZERO_PAGE = { ramdiskImage: 0x218, ramdiskSize: 0x21c, cmdLinePtr: 0x228 }

/** Prints the command line that the zero page in ESI points to, and ends with the first byte of the RAM disk. */
function kernel(options: BzImageOptions = {}): Uint8Array {
  const body = (name: string) => (asm: Assembler) => {
    const base = asm.mode === 64 ? rsi : esi
    print(asm, `${name} `)
    asm.emit('mov', ebx, mem({ base, disp: ZERO_PAGE.cmdLinePtr, size: 32 }))
    printString(asm)
    asm.emit('mov', ebx, mem({ base, disp: ZERO_PAGE.ramdiskImage, size: 32 }))
    asm.emit('movzx', eax, mem({ base: ebx, size: 8 }))
    asm.emit('mov', dx, 0xf4)
    asm.emit('out', dx, eax)
  }
  return buildBzImage({ protected: body('32'), long: body('64') }, options)
}

/** The string at EBX, to the serial port. Uses AL, DX, EBX. */
function printString(asm: Assembler): void {
  const next = asm.label('next')
  const done = asm.label('done')
  asm.emit('mov', dx, 0x3f8)
  asm.bind(next)
  asm.emit('mov', al, mem({ base: ebx }))
  asm.emit('test', al, al)
  asm.emit('je', short(done))
  asm.emit('out', dx, al)
  asm.emit('inc', ebx)
  asm.emit('jmp', next)
  asm.bind(done)
}

interface Load {
  readonly cmdline?: string
  readonly modules?: readonly BootModule[]
  readonly linuxEntry?: LinuxEntry
  readonly memoryBytes?: number
}

function run(image: Uint8Array, { memoryBytes = 64 * MIB, ...options }: Load = {}) {
  let serial = ''
  const computer = fixedComputer({ memoryBytes, serial: (byte) => (serial += String.fromCharCode(byte)) })
  computer.load({ image, ...options })
  const { board, cpu } = computer
  for (let i = 0; i < 100 && board.stopped === null; i++) cpu.run(1000)
  return { serial, status: board.stopped?.status, memory: board.memory }
}

const initrd = { data: Uint8Array.of(0x15, 2, 3) }

describe('entries', () => {
  const image = kernel()
  test.each([
    [undefined, '64'],
    [64, '64'],
    [32, '32'],
  ] as const)('%s', (linuxEntry, name) => {
    const { serial, status } = run(image, {
      cmdline: 'console=ttyS0 quiet',
      modules: [initrd],
      ...(linuxEntry === undefined ? {} : { linuxEntry }),
    })
    expect([serial, status]).toEqual([`${name} console=ttyS0 quiet`, (0x15 << 1) | 1])
  })

  test('a kernel without 64-bit entry starts at its 32-bit entry', () => {
    const old = kernel({ version: 0x20b, hasEntry64: false })
    expect(run(old, { modules: [initrd] }).serial).toBe('32 ')
    expect(() => run(old, { linuxEntry: 64 })).toThrow(/no 64-bit entry.*--linux-entry/)
  })

  test('the last sixteen bytes that the header counts need not all be there, as in memtest86+', () => {
    expect(run(image.slice(0, -15)).serial).toBe('64 ')
  })

  test('a kernel that is not relocatable stays at 1 MiB', () => {
    expect(run(kernel({ isRelocatable: false }), { modules: [initrd] }).serial).toBe('64 ')
  })
})

/**
 * Prints the command line, then what the BIOS says: a letter for each region of the memory map (R: RAM that begins at 1 MiB), whether
 * there is a key, whether an unknown service is refused; ends with the number of MiB above the first.
 */
function realModeCode(asm: Assembler): void {
  const region = 0x4000
  print(asm, '16 ')
  asm.emit('mov', eax, mem({ disp: ZERO_PAGE.cmdLinePtr, size: 32 }))
  asm.emit('mov', ebx, eax)
  asm.emit('shr', eax, 4)
  asm.emit('mov', fs, ax)
  asm.emit('and', ebx, 15)
  const [next, done] = [asm.label('next'), asm.label('done')]
  asm.emit('mov', dx, 0x3f8)
  asm.bind(next)
  asm.emit('mov', al, mem({ base: bx, segment: fs }))
  asm.emit('test', al, al)
  asm.emit('je', short(done))
  asm.emit('out', dx, al)
  asm.emit('inc', bx)
  asm.emit('jmp', next)
  asm.bind(done)

  const [more, other, last] = [asm.label('more'), asm.label('other'), asm.label('last')]
  asm.emit('xor', ebx, ebx)
  asm.bind(more)
  asm.emit('mov', eax, 0xe820)
  asm.emit('mov', edx, 0x534d4150)
  asm.emit('mov', ecx, 20)
  asm.emit('mov', di, region)
  asm.emit('int', 0x15)
  asm.emit('jb', short(last))
  asm.emit('cmp', eax, 0x534d4150)
  asm.emit('jne', short(last))
  asm.emit('cmp', mem({ disp: region, size: 32 }), 0x10_0000)
  asm.emit('jne', short(other))
  asm.emit('cmp', mem({ disp: region + 16, size: 32 }), 1)
  asm.emit('jne', short(other))
  print(asm, ' R')
  asm.bind(other)
  asm.emit('test', ebx, ebx)
  asm.emit('jne', more)
  asm.bind(last)

  const [key, refused] = [asm.label('key'), asm.label('refused')]
  asm.emit('mov', ah, 1)
  asm.emit('int', 0x16)
  asm.emit('jne', short(key))
  print(asm, ' no key')
  asm.bind(key)
  asm.emit('mov', ax, 0xec7f)
  asm.emit('int', 0x15)
  asm.emit('jae', short(refused))
  print(asm, ' refused')
  asm.bind(refused)
  asm.emit('int', 0x12)
  asm.emit('sub', ax, 639)
  asm.emit('mov', bx, ax)
  asm.emit('mov', ah, 0x88)
  asm.emit('int', 0x15)
  asm.emit('add', ax, 512)
  asm.emit('shr', ax, 10)
  asm.emit('add', ax, bx)
  asm.emit('mov', dx, 0xf4)
  asm.emit('out', dx, ax)
}

describe('the 16-bit entry', () => {
  const image = buildBzImage({ real: realModeCode, protected: () => {} })
  const wanted = { serial: '16 console=ttyS0 R no key refused', status: (0x3f << 1) | 1 }

  test('setup code asks the BIOS', () => {
    const { serial, status } = run(image, { linuxEntry: 16, cmdline: 'console=ttyS0' })
    expect({ serial, status }).toEqual(wanted)
  })

  const hasQemu = hasProgram('qemu-system-x86_64')
  test.skipIf(!hasQemu)('the same on QEMU', { timeout: 30_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'onering-linux-'))
    const log = join(folder, 'log')
    writeFileSync(join(folder, 'image'), image)
    const { status } = spawnSync(
      'qemu-system-x86_64',
      // prettier-ignore
      ['-kernel', join(folder, 'image'), '-append', 'console=ttyS0', '-m', '64', '-display', 'none', '-serial', `file:${log}`,
        '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-no-reboot', '-net', 'none'],
      { timeout: 25_000 },
    )
    expect({ serial: readFileSync(log, 'latin1'), status }).toEqual(wanted)
    rmSync(folder, { recursive: true })
  })
})

describe('the RAM disk', () => {
  test('lies as high as the kernel allows, and ends in RAM', () => {
    const place = (options: BzImageOptions): [number, number] => {
      const image = buildBzImage(
        {
          protected: () => {},
          long: (asm) => {
            asm.emit('mov', eax, mem({ base: rsi, disp: ZERO_PAGE.ramdiskImage, size: 32 }))
            asm.emit('mov', mem({ disp: 0x30_0000, size: 32 }), eax)
            asm.emit('mov', edx, mem({ base: rsi, disp: ZERO_PAGE.ramdiskSize, size: 32 }))
            asm.emit('mov', mem({ disp: 0x30_0004, size: 32 }), edx)
            debugExit(asm, 0)
          },
        },
        options,
      )
      const { memory } = run(image, { modules: [{ data: new Uint8Array(5000).fill(9) }] })
      return [memory.readU32(0x30_0000), memory.readU32(0x30_0004)]
    }
    expect(place({})).toEqual([64 * MIB - 8192, 5000])
    expect(place({ initrdMax: 32 * MIB - 1 })).toEqual([32 * MIB - 8192, 5000])
  })

  test('several files follow each other, each at a multiple of four', () => {
    const { status } = run(kernel(), { modules: [{ data: Uint8Array.of(0x11) }, initrd] })
    expect(status).toBe(0x23)
  })
})

describe('refused in one line', () => {
  const image = kernel()
  test.each<[string, Uint8Array, Load, RegExp]>([
    ['cut off in its code', image.slice(0, -16), {}, /cut off.*not complete/],
    ['cut off in its header', image.slice(0, 0x208), {}, /cut off.*not complete/],
    ['cut off before its header', image.slice(0, 0x200), {}, /neither an ELF file, .*bzImage/],
    ['an old protocol', kernel({ version: 0x202 }), {}, /protocol 2\.2: .*newer/],
    ['a zImage', kernel({ loadflags: 0 }), {}, /zImage.*bzImage/],
    ['too little memory', kernel({ initBytes: 80 * MIB }), {}, /needs 82 MiB.*are 64 MiB.*--memory/],
    [
      'a RAM disk larger than memory',
      image,
      { modules: [{ data: new Uint8Array(64 * MIB) }] },
      /67108864 bytes does not fit.*--memory/,
    ],
    [
      'a RAM disk that would lie in the kernel',
      kernel({ initrdMax: 2 * MIB }),
      { modules: [initrd] },
      /does not fit/,
    ],
    ['a long command line', kernel({ cmdlineBytes: 10 }), { cmdline: 'console=ttyS0' }, /13 bytes.*takes 10/],
    ['an address of its own choice', kernel({ prefAddress: 2 ** 52 }), {}, /--memory/],
    ['where the firmware is', kernel({ prefAddress: 0x9_0000 }), {}, /firmware/],
  ])('%s', (_name, bad, options, message) => {
    expect(() => run(bad, options)).toThrow(ImageError)
    expect(() => run(bad, options)).toThrow(message)
    expect(() => run(bad, options)).toThrow(/^[^\n]*$/)
  })
})
