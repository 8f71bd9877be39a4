import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Counters } from '../../src/devices/counters.ts'
import { GuestMemory } from '../../src/devices/guest-memory.ts'
import { writeAcpiTables } from '../../src/machine/acpi/tables.ts'
import { boot, type BootModule } from '../../src/machine/boot/boot.ts'
import { ImageError } from '../../src/machine/boot/image-error.ts'
import { ramRanges } from '../../src/machine/memory-map.ts'
import { hasProgram } from '../support/programs.ts'
import { createRandom } from '../devices/support/random.ts'
import { buildImage, IMAGE_BASE } from './support/image.ts'

const RAM_BYTES = 4 << 20
const code = Uint8Array.from({ length: 100 }, (_, i) => i)

function load(image: Uint8Array, options: { cmdline?: string; modules?: BootModule[] } = {}) {
  const buffer = new ArrayBuffer(RAM_BYTES)
  const memory = new GuestMemory(buffer, ramRanges(RAM_BYTES, 0), new Counters())
  const state = boot({
    image,
    memory,
    ramBytes: RAM_BYTES,
    cmdline: options.cmdline ?? '',
    modules: options.modules ?? [],
    rsdpGpa: writeAcpiTables(memory, 1),
  })
  if (state.mode !== 'protected') throw new Error('a start in protected mode was expected')
  const view = new DataView(buffer)
  const u32 = (at: number): number => view.getUint32(at, true)
  const u64 = (at: number): number => Number(view.getBigUint64(at, true))
  const string = (at: number): string => {
    const bytes = new Uint8Array(buffer, at)
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
  }
  return { state, u32, u64, string, bytes: new Uint8Array(buffer) }
}

describe('PVH', () => {
  test('the code is in place, and start info says command line, modules, memory and tables', () => {
    const modules = [
      { data: Uint8Array.of(1, 2, 3), cmdline: 'first' },
      { data: new Uint8Array(5000).fill(7) },
    ]
    const { state, u32, u64, string, bytes } = load(buildImage(code, { protocol: 'pvh' }), {
      cmdline: 'quiet ümlaut',
      modules,
    })
    expect(state).toMatchObject({ protocol: 'pvh', entry: IMAGE_BASE, eax: 0 })
    expect([...bytes.subarray(IMAGE_BASE, IMAGE_BASE + 100)]).toEqual([...code])
    const info = state.ebx
    expect([u32(info), u32(info + 4), u32(info + 12)]).toEqual([0x336ec578, 1, 2])
    expect(string(u64(info + 24))).toBe('quiet ümlaut')
    const list = u64(info + 16)
    const [first, second] = [u64(list), u64(list + 32)]
    expect([u64(list + 8), u64(list + 40), first % 4096, second % 4096]).toEqual([3, 5000, 0, 0])
    expect([...bytes.subarray(first, first + 3), bytes[second + 4999], string(u64(list + 16))]).toEqual([
      1,
      2,
      3,
      7,
      'first',
    ])
    expect(String.fromCharCode(...bytes.subarray(u64(info + 32), u64(info + 32) + 8))).toBe('RSD PTR ')
    const map = u64(info + 40)
    const regions = Array.from({ length: u32(info + 48) }, (_, i) => [
      u64(map + 24 * i),
      u64(map + 24 * i + 8),
      u32(map + 24 * i + 16),
    ])
    expect(regions.find(([base]) => base === IMAGE_BASE)).toEqual([IMAGE_BASE, RAM_BYTES - IMAGE_BASE, 1])
    for (const [i, [base, length]] of regions.slice(0, -1).entries())
      expect(base! + length!).toBeLessThanOrEqual(regions[i + 1]![0]!)
  })
})

describe('multiboot', () => {
  test.each(['multiboot-elf', 'multiboot-flat'] as const)('%s', (protocol) => {
    const modules = [{ data: Uint8Array.of(9), cmdline: 'm' }]
    const { state, u32, string, bytes } = load(buildImage(code, { protocol }), { cmdline: 'a b', modules })
    expect([state.protocol, state.eax]).toEqual(['multiboot', 0x2badb002])
    expect([...bytes.subarray(state.entry, state.entry + 100)]).toEqual([...code])
    const info = state.ebx
    expect([u32(info) & 0x4d, u32(info + 4), u32(info + 8), string(u32(info + 16))]).toEqual([
      0x4d,
      639,
      3072,
      'a b',
    ])
    const list = u32(info + 24)
    expect([u32(info + 20), bytes[u32(list)], u32(list + 4) - u32(list), string(u32(list + 8))]).toEqual([
      1,
      9,
      1,
      'm',
    ])
    const [length, map] = [u32(info + 44), u32(info + 48)]
    expect([length % 24, u32(map), string(u32(info + 64))]).toEqual([0, 20, 'onering'])
  })

  test('features nobody has are refused', () => {
    const image = buildImage(code, { protocol: 'multiboot-flat' })
    const view = new DataView(image.buffer)
    view.setUint32(4, 0x1_0083, true)
    view.setUint32(8, -(0x1badb002 + 0x1_0083) >>> 0, true)
    expect(() => load(image)).toThrow(/0x80/)
  })
})

describe('bad images', () => {
  const pvh = buildImage(code, { protocol: 'pvh' })
  const patched = (at: number, value: number, size: 8 | 16 | 32 = 32): Uint8Array => {
    const image = pvh.slice()
    const view = new DataView(image.buffer)
    if (size === 32) view.setUint32(at, value, true)
    else if (size === 16) view.setUint16(at, value, true)
    else view.setUint8(at, value)
    return image
  }
  test.each([
    ['text', new TextEncoder().encode('console.log(1)'), /neither an ELF file/],
    ['RISC-V', patched(18, 243, 16), /is for RISC-V/],
    ['an object file', patched(16, 1, 16), /link it first/],
    ['big-endian', patched(5, 2, 8), /little-endian/],
    ['no PVH note', patched(64 + 56 + 0, 0), /neither a PVH note .* nor a multiboot header/],
    ['beyond RAM', patched(64 + 24, 0x7000_0000), /0x70000000 .*outside the 4 MiB.*--memory/],
    ['over the firmware', patched(64 + 24, 0xe_0000), /firmware: link it at 0x100000/],
    ['headers outside', patched(32, 0xffff_ffff), /program headers lie outside/],
    ['a segment cut off', patched(64 + 32, 0x7fff_ffff), /cut off/],
    ['only a header', pvh.slice(0, 60), /cut off/],
  ])('%s', (_name, image, message) => {
    expect(() => load(image)).toThrow(ImageError)
    expect(() => load(image)).toThrow(message)
    try {
      load(image)
    } catch (error) {
      expect((error as Error).message).not.toContain('\n')
    }
  })

  test('too much beside the image', () => {
    expect(() => load(pvh, { modules: [{ data: new Uint8Array(RAM_BYTES) }] })).toThrow(/--memory/)
    expect(() => load(pvh, { cmdline: 'x'.repeat(70_000) })).toThrow(/command line/)
  })

  test('damaged at random: an ImageError or a boot, never anything else', () => {
    const random = createRandom(5)
    let booted = 0
    for (let i = 0; i < 1500; i++) {
      const image = (random(2) ? pvh : buildImage(code, { protocol: 'multiboot-elf' })).slice(
        0,
        random(4) ? undefined : random(300),
      )
      for (let n = 0; n < 1 + random(3) && image.length > 0; n++)
        image[random(Math.min(image.length, 320))] = random(256)
      try {
        load(image)
        booted++
      } catch (error) {
        if (!(error instanceof ImageError)) throw error
      }
    }
    expect(booted).toBeGreaterThan(100)
    expect(booted).toBeLessThan(1450)
  })
})

describe('ACPI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onering-acpi-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const { bytes, u32, u64 } = load(buildImage(code, { protocol: 'pvh' }))
  const rsdp = 0xe_0000
  const table = (at: number): Uint8Array => bytes.slice(at, at + u32(at + 4))
  const name = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))
  const xsdt = u64(rsdp + 24)
  const tables = Array.from({ length: (u32(xsdt + 4) - 36) / 8 }, (_, i) => u64(xsdt + 36 + 8 * i))

  test('everything adds up and is found from the RSDP', () => {
    const sum = (part: Uint8Array): number => part.reduce((a, b) => a + b, 0) & 0xff
    expect([sum(bytes.subarray(rsdp, rsdp + 20)), sum(bytes.subarray(rsdp, rsdp + 36))]).toEqual([0, 0])
    expect(tables.map(name)).toEqual(['FACP', 'APIC', 'MCFG', 'HPET'])
    const dsdt = u64(tables[0]! + 140)
    for (const at of [xsdt, u32(rsdp + 16), dsdt, ...tables]) expect(sum(table(at)), name(at)).toBe(0)
    const rsdt = u32(rsdp + 16)
    expect(tables).toEqual(tables.map((_, i) => u32(rsdt + 36 + 4 * i)))
    expect(name(u32(tables[0]! + 36))).toBe('FACS')
  })

  test.skipIf(!hasProgram('iasl'))(
    'iasl takes the tables apart and puts the DSDT together again without a complaint',
    () => {
      for (const at of [...tables, u64(tables[0]! + 140)]) {
        const file = join(folder, `${name(at).toLowerCase()}.dat`)
        writeFileSync(file, table(at))
        const listing = execFileSync('iasl', ['-d', file], { stdio: 'pipe' }).toString()
        expect(listing).not.toMatch(/error|warning|checksum.*incorrect/i)
      }
      const source = readFileSync(join(folder, 'dsdt.dsl'), 'utf8')
      expect(source).toMatch(/Name \(_HID, EisaId \("PNP0A08"\)/)
      expect(source).toMatch(/Name \(_PRT, Package \(0x20\)/)
      const again = spawnSync('iasl', ['-p', join(folder, 'again'), join(folder, 'dsdt.dsl')])
      expect(again.stdout.toString()).toMatch(/0 Errors, 0 Warnings/)
      for (const other of ['facp', 'apic', 'mcfg'])
        expect(
          spawnSync('iasl', ['-p', join(folder, 'x'), join(folder, `${other}.dsl`)]).stdout.toString(),
        ).toMatch(/0 Errors, 0 Warnings/)
    },
  )
})
