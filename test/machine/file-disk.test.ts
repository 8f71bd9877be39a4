/** Files as disks: what a device may ask, and what the host's file system can do to them meanwhile. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { BlockError } from '../../src/devices/storage/block-backend.ts'
import { openFileDisk } from '../../src/machine/node/file-disk.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-disk-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(bytes: number): string {
  const path = join(folder, `${bytes}.img`)
  writeFileSync(path, new Uint8Array(bytes).fill(0x5a))
  return path
}

test('reads and writes in place', () => {
  const path = fileOf(4096)
  const disk = openFileDisk(path, { isReadOnly: false })
  disk.write(512, Uint8Array.of(1, 2, 3))
  const back = new Uint8Array(4)
  disk.read(511, back)
  disk.flush()
  disk.close()
  expect([...back]).toEqual([0x5a, 1, 2, 3])
  expect([...readFileSync(path).subarray(511, 515)]).toEqual([0x5a, 1, 2, 3])
})

test('a read-only disk refuses writes, and a range outside is refused', () => {
  const disk = openFileDisk(fileOf(1024), { isReadOnly: true })
  expect(() => disk.write(0, Uint8Array.of(1))).toThrow(BlockError)
  expect(() => disk.read(1000, new Uint8Array(25))).toThrow(BlockError)
  expect(() => disk.read(-1, new Uint8Array(1))).toThrow(BlockError)
  disk.close()
})

test('the last sector of an odd file is filled up with zeros', () => {
  const disk = openFileDisk(fileOf(513), { isReadOnly: true })
  expect(disk.sizeBytes).toBe(1024)
  const sector = new Uint8Array(512).fill(9)
  disk.read(512, sector)
  expect([...sector.subarray(0, 3)]).toEqual([0x5a, 0, 0])
  disk.close()
})

test('a file that shrinks while it is open gives an error, not zeros', () => {
  const path = fileOf(8192)
  const disk = openFileDisk(path, { isReadOnly: true })
  truncateSync(path, 1024)
  expect(() => disk.read(4096, new Uint8Array(512))).toThrow(/shrunk/)
  disk.close()
})

test('what cannot be a disk is refused in one line', () => {
  expect(() => openFileDisk(fileOf(0), { isReadOnly: true })).toThrow(
    /0\.img: empty; a disk image has at least/,
  )
  expect(() => openFileDisk(join(folder, 'none.img'), { isReadOnly: true })).toThrow(
    /none\.img: cannot be opened \(ENOENT\)/,
  )
})
