/** Multiboot 2: the same images here and, loaded by GRUB, on QEMU. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { al, type Assembler, dx, eax, ebx, ecx, edi, edx, esi, mem } from '../../src/isa/index.ts'
import { ImageError } from '../../src/machine/boot/image-error.ts'
import { hasProgram } from '../support/programs.ts'
import { fixedComputer } from './support/computer.ts'
import { assemble32, buildImage, type ImageOptions, multiboot2Header, print } from './support/image.ts'

const TAG_COMMAND_LINE = 1
const TAG_MODULE = 3
const TAG_MEMORY_MAP = 6
const TAG_ACPI_NEW = 15
const protocols = ['multiboot2-flat', 'multiboot2-elf32', 'multiboot2-elf64'] as const

/** Prints the strings of command line and module, the sort of each other tag once, and ends with the module's first byte. */
const walker = assemble32((asm) => {
  const [next, done] = [asm.label('next tag'), asm.label('no more tags')]
  asm.emit('cmp', eax, 0x36d7_6289)
  asm.emit('jne', done)
  asm.emit('lea', esi, mem({ base: ebx, disp: 8 }))
  asm.bind(next)
  asm.emit('mov', eax, mem({ base: esi, size: 32 }))
  asm.emit('test', eax, eax)
  asm.emit('je', done)
  onTag(asm, TAG_COMMAND_LINE, () => {
    asm.emit('lea', ebx, mem({ base: esi, disp: 8 }))
    printString(asm)
  })
  onTag(asm, TAG_MODULE, () => {
    asm.emit('mov', edi, mem({ base: esi, disp: 8, size: 32 }))
    print(asm, ' ')
    asm.emit('lea', ebx, mem({ base: esi, disp: 16 }))
    printString(asm)
  })
  onTag(asm, TAG_MEMORY_MAP, () => print(asm, ' map'))
  onTag(asm, TAG_ACPI_NEW, () => print(asm, ' acpi'))
  asm.emit('mov', ecx, mem({ base: esi, disp: 4, size: 32 }))
  asm.emit('add', ecx, 7)
  asm.emit('and', ecx, -8)
  asm.emit('add', esi, ecx)
  asm.emit('jmp', next)
  asm.bind(done)
  print(asm, '.')
  asm.emit('movzx', eax, mem({ base: edi, size: 8 }))
  asm.emit('mov', dx, 0xf4)
  asm.emit('out', dx, eax)
})

function onTag(asm: Assembler, type: number, body: () => void): void {
  const other = asm.label(`not ${type}`)
  asm.emit('cmp', mem({ base: esi, size: 32 }), type)
  asm.emit('jne', other)
  body()
  asm.bind(other)
}

/** The string at EBX. Uses AL, EBX, EDX. */
function printString(asm: Assembler): void {
  const [next, done] = [asm.label('next'), asm.label('done')]
  asm.emit('mov', edx, 0x3f8)
  asm.bind(next)
  asm.emit('mov', al, mem({ base: ebx }))
  asm.emit('test', al, al)
  asm.emit('je', done)
  asm.emit('out', dx, al)
  asm.emit('inc', ebx)
  asm.emit('jmp', next)
  asm.bind(done)
}

const moduleData = Uint8Array.of(0x15, 1, 2, 3)

function run(image: Uint8Array): { serial: string; status: number | undefined } {
  let serial = ''
  const computer = fixedComputer({ serial: (byte) => (serial += String.fromCharCode(byte)) })
  computer.load({ image, cmdline: 'one two', modules: [{ data: moduleData, cmdline: 'three' }] })
  for (let i = 0; i < 100 && computer.board.stopped === null; i++) computer.cpu.run(1000)
  return { serial, status: computer.board.stopped?.status }
}

describe('here', () => {
  test.each(protocols)('%s', (protocol) => {
    const { serial, status } = run(buildImage(walker, { protocol }))
    expect([serial, status]).toEqual(['one two three map acpi.', (0x15 << 1) | 1])
  })

  test('the text screen of a VGA, both RSDPs, memory sizes, the name of the loader', () => {
    const computer = fixedComputer()
    computer.load({ image: buildImage(walker, { protocol: 'multiboot2-elf32' }) })
    const { memory } = computer.board
    const info = Number(computer.cpu.gpr(3))
    const tags = new Map<number, Uint8Array>()
    const end = info + memory.readU32(info)
    for (let at = info + 8; at < end; at = (at + memory.readU32(at + 4) + 7) & ~7)
      tags.set(memory.readU32(at), memory.readable(at + 8, memory.readU32(at + 4) - 8).slice())
    const words = (type: number): number[] => [...new Uint32Array(tags.get(type)!.slice().buffer)]
    expect(words(4)).toEqual([639, 15 * 1024])
    expect(words(8)).toEqual([0xb8000, 0, 160, 80, 25, 0x0210])
    expect(new TextDecoder().decode(tags.get(2))).toBe('onering\0')
    expect(new TextDecoder().decode(tags.get(14)!.subarray(0, 8))).toBe('RSD PTR ')
    expect([tags.get(14)!.length, tags.get(15)!.length]).toEqual([20, 36])
    expect(tags.has(0)).toBe(true)
  })
})

describe('refused in one line', () => {
  const with_ = (...tags: number[][]): Uint8Array =>
    Uint8Array.from([...multiboot2Header(true, tags), ...walker])
  const patched = (at: number, value: number): Uint8Array => {
    const image = buildImage(walker, { protocol: 'multiboot2-flat' })
    new DataView(image.buffer).setUint32(at, value, true)
    return image
  }
  test.each<[string, Uint8Array, RegExp]>([
    ['a tag that nobody has', with_([7]), /tag 7.*optional/],
    ['information that nobody has', with_([1, 9]), /information 9.*optional/],
    ['a tag longer than the header', patched(20, 400), /damaged/],
    ['load addresses outside the file', patched(40, 0x20_0000), /do not fit the file/],
  ])('%s', (_name, image, message) => {
    expect(() => run(image)).toThrow(ImageError)
    expect(() => run(image)).toThrow(message)
  })

  test('what is optional is passed over', () => {
    expect(run(with_([0x1_0007], [0x1_0001, 9])).status).toBe((0x15 << 1) | 1)
  })
})

const hasGrub = ['grub-mkrescue', 'xorriso', 'mformat', 'qemu-system-x86_64'].every(hasProgram)
const folder = mkdtempSync(join(tmpdir(), 'onering-multiboot2-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(!hasGrub)(hasGrub ? 'GRUB on QEMU' : 'GRUB on QEMU: grub-mkrescue is missing', () => {
  test.each(protocols)('%s', { timeout: 60_000 }, (protocol) => {
    expect(runByGrub(protocol)).toEqual({ serial: 'one two three map.', status: (0x15 << 1) | 1 })
  })
})

/** A CD whose menu has one entry, chosen at once. QEMU's machine has old ACPI tables: no tag 15. */
function runByGrub(protocol: ImageOptions['protocol']): { serial: string; status: number | null } {
  const root = join(folder, protocol)
  mkdirSync(join(root, 'boot/grub'), { recursive: true })
  writeFileSync(join(root, 'image'), buildImage(walker, { protocol }))
  writeFileSync(join(root, 'module'), moduleData)
  writeFileSync(join(root, 'boot/grub/grub.cfg'), 'multiboot2 /image one two\nmodule2 /module three\nboot\n')
  const iso = join(folder, `${protocol}.iso`)
  const made = spawnSync('grub-mkrescue', ['-o', iso, root], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  const log = join(folder, `${protocol}.log`)
  const { status, stderr } = spawnSync(
    'qemu-system-x86_64',
    // prettier-ignore
    ['-cdrom', iso, '-m', '64', '-display', 'none', '-serial', `file:${log}`, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-no-reboot', '-net', 'none'],
    { encoding: 'utf8', timeout: 50_000 },
  )
  if (status === null) throw new Error(`QEMU did not end: ${stderr}`)
  return { serial: readFileSync(log, 'utf8'), status }
}
