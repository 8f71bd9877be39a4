import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { link } from '../../src/toolchain/link/link.ts'
import { LinkError } from '../../src/toolchain/link/options.ts'
import type { ObjectFile, Relocation, SectionKind } from '../../src/toolchain/object.ts'
import { hasProgram } from '../support/programs.ts'

interface Part {
  kind: SectionKind
  bytes?: number[]
  size?: number
  address?: number
  relocations?: Relocation[]
}

/** An object whose symbol `<name><index>` stands at the start of each section. */
function object(name: string, parts: Part[], files: string[] = []): ObjectFile {
  return {
    name,
    sections: parts.map(({ kind, bytes = [], size = bytes.length, address, relocations = [] }) => {
      return {
        kind,
        align: 16,
        bytes: Uint8Array.from(bytes),
        size,
        relocations,
        ...(address === undefined ? {} : { address }),
      }
    }),
    symbols: parts.map(({ kind, bytes = [] }, section) => {
      const type = kind === 'text' ? 'function' : 'object'
      return { name: `${name}${section}`, section, offset: 0, size: bytes.length, type, binding: 'global' }
    }),
    undefined: [],
    functions: parts.flatMap(({ kind, bytes = [] }, section) =>
      kind === 'text' && files.length > 0
        ? [
            {
              name: `dir/${name}/run`,
              symbol: `${name}${section}`,
              section,
              offset: 0,
              size: bytes.length,
              lines: [
                { offset: 0, wasmOffset: 0, file: 0, line: 3, column: 1 },
                { offset: 4, wasmOffset: 9, file: 0, line: 3, column: 1 },
                { offset: 8, wasmOffset: 12, file: 0, line: 7, column: 5 },
              ],
            },
          ]
        : [],
    ),
    files,
  }
}

const nops = (count: number): number[] => Array<number>(count).fill(0x90)

interface ProgramHeader {
  type: number
  flags: number
  offset: number
  virtual: number
  physical: number
  fileSize: number
  size: number
}

function programHeaders(image: Uint8Array): ProgramHeader[] {
  const view = new DataView(image.buffer, image.byteOffset)
  const start = Number(view.getBigUint64(32, true))
  return Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = start + index * 56
    const word = (offset: number): number => Number(view.getBigUint64(at + offset, true))
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: word(8),
      virtual: word(16),
      physical: word(24),
      fileSize: word(32),
      size: word(40),
    }
  })
}

/** Four bytes of memory at a virtual address, as a loader would place them. */
function wordAt(image: Uint8Array, address: number): number {
  const segment = programHeaders(image).find(
    (h) => h.type === 1 && address >= h.virtual && address < h.virtual + h.fileSize,
  )!
  return new DataView(image.buffer, image.byteOffset).getUint32(
    segment.offset + address - segment.virtual,
    true,
  )
}

const kernel = (extra: Part[] = []): ObjectFile =>
  object('k', [{ kind: 'text', bytes: nops(32) }, { kind: 'rodata', bytes: [1, 2, 3, 4] }, ...extra])

describe('the linker', () => {
  test('puts the kernel at 1 MiB on itself, and the application virtually into its window', () => {
    const image = link({
      kernel: [kernel()],
      application: [object('a', [{ kind: 'text', bytes: nops(8) }])],
      pvhEntry: 'k0',
    })
    const loads = programHeaders(image).filter(({ type }) => type === 1)
    for (const { virtual, physical, offset } of loads) {
      expect(physical).toBe(0x10_0000 + offset)
      expect(virtual % 4096).toBe(0)
      if (virtual < 0x4000_0000) expect(virtual).toBe(physical)
    }
    expect(loads.some(({ virtual, flags }) => virtual >= 0x4000_0000 && flags === 5)).toBe(true)
  })

  test('makes nothing both writable and executable, and lets no two segments share a page', () => {
    const data: Part[] = [
      { kind: 'data', bytes: [1], address: 0x10_1010 },
      { kind: 'data', bytes: [2] },
      { kind: 'bss', size: 5000 },
    ]
    const loads = programHeaders(link({ kernel: [kernel(data)], pvhEntry: 'k0' })).filter(
      ({ type }) => type === 1,
    )
    for (const { flags } of loads) expect(flags & 3).not.toBe(3)
    const pages = loads.flatMap(({ virtual, size }) =>
      Array.from({ length: Math.ceil(size / 4096) }, (_, index) => virtual / 4096 + index),
    )
    expect(new Set(pages).size).toBe(pages.length)
  })

  test('fills in every kind of relocation', () => {
    const relocations: Relocation[] = [
      { offset: 0, kind: 'abs32', symbol: 'k1', addend: 2 },
      { offset: 4, kind: 'abs32s', symbol: 'k1', addend: -1 },
      { offset: 8, kind: 'abs64', symbol: 'k0', addend: 0 },
      { offset: 16, kind: 'pc32', symbol: 'k0', addend: -4 },
    ]
    const image = link({
      kernel: [kernel([{ kind: 'data', bytes: nops(32), address: 0x10_1000, relocations }])],
      pvhEntry: 'k0',
    })
    const [text, rodata] = [5, 4].map((flags) =>
      programHeaders(image).findLast((h) => h.type === 1 && h.flags === flags)!,
    )
    expect(wordAt(image, 0x10_1000)).toBe(rodata!.virtual + 2)
    expect(wordAt(image, 0x10_1004)).toBe(rodata!.virtual - 1)
    expect(wordAt(image, 0x10_1008)).toBe(text!.virtual)
    expect(wordAt(image, 0x10_1010) | 0).toBe(text!.virtual - 4 - 0x10_1010)
  })

  test('has a PVH note and a multiboot header whose checksum holds', () => {
    const image = link({ kernel: [kernel()], pvhEntry: 'k0', multibootEntry: 'k0' })
    const view = new DataView(image.buffer, image.byteOffset)
    const note = programHeaders(image).find(({ type }) => type === 4)!
    const entry = programHeaders(image).find(({ flags }) => flags === 5)!.physical
    expect([0, 4, 8, 12].map((at) => view.getUint32(note.offset + at, true))).toEqual([4, 8, 18, 0x6e6558])
    expect(view.getUint32(note.offset + 16, true)).toBe(entry)
    let header = 0
    while (view.getUint32(header, true) !== 0x1bad_b002) header += 4
    expect(header).toBeLessThan(8192)
    const [magic, flags, checksum] = [0, 4, 8].map((at) => view.getUint32(header + at, true))
    expect((magic! + flags! + checksum!) % 2 ** 32).toBe(0)
    expect(view.getUint32(header + 28, true)).toBe(entry)
  })

  test('names every symbol that is missing, with who wants it', () => {
    const relocations: Relocation[] = [
      { offset: 0, kind: 'pc32', symbol: 'env.foo', addend: 0 },
      { offset: 4, kind: 'pc32', symbol: 'env.bar', addend: 0 },
    ]
    const broken = kernel([{ kind: 'text', bytes: nops(8), relocations }])
    expect(() => link({ kernel: [broken], pvhEntry: 'k0' })).toThrow(LinkError)
    expect(() => link({ kernel: [broken], pvhEntry: 'k0' })).toThrow(
      'env.foo is used by k and defined nowhere\nenv.bar is used by k and defined nowhere',
    )
  })

  test('refuses a name that two objects define', () => {
    expect(() => link({ kernel: [kernel(), { ...kernel(), name: 'other' }], pvhEntry: 'k0' })).toThrow(
      /k0 is defined by k and by other/,
    )
  })
})

describe.skipIf(!hasProgram('gdb'))('a debugger', () => {
  test('finds functions and lines of TypeScript', () => {
    const image = link({
      kernel: [object('k', [{ kind: 'text', bytes: nops(32) }], ['main.ts'])],
      pvhEntry: 'k0',
      locate: (file) => `/somewhere/${file}`,
    })
    const path = join(mkdtempSync(join(tmpdir(), 'onering-link-')), 'image.elf')
    writeFileSync(path, image)
    const commands = ['info line main.ts:7', 'info line run', 'info symbol run']
    const { stdout } = spawnSync(
      'gdb',
      ['-nx', '-batch', ...commands.flatMap((each) => ['-ex', each]), path],
      { encoding: 'utf8' },
    )
    expect(stdout).toMatch(/Line 7 of "(?:\/somewhere\/)?main\.ts" starts at address 0x[0-9a-f]+8 <run\+8>/)
    expect(stdout).toMatch(/Line 3 of "(?:\/somewhere\/)?main\.ts" starts at address 0x[0-9a-f]+0 <run>/)
  })
})
