/** A folder of the host, under a client written against the protocol: what it may see, what it may change, and what is outside. */
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Virtio9p } from '../../src/devices/virtio/ninep/ninep.ts'
import { openHostFolder } from '../../src/machine/node/host-folder.ts'
import { NinepClient, text, u16, u32, u64, u8 } from './support/ninep-client.ts'
import { createRandom } from './support/random.ts'
import { F_VERSION_1, NEEDS_RESET, VirtioBench } from './support/virtio-bench.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const [ENOENT, EBADF, ENOTDIR, EISDIR, EINVAL, EROFS, ELOOP, EPERM, EACCES] = [
  2, 9, 20, 21, 22, 30, 40, 1, 13,
]
const EOPNOTSUPP = 95
const NO_FID = 0xffff_ffff
const QUEUE = 0x10000

let folder: string
let shared: string
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'onering-share-')))
  shared = join(folder, 'shared')
  fs.mkdirSync(join(shared, 'sub/deep'), { recursive: true })
  fs.writeFileSync(join(folder, 'secret'), 'outside')
  fs.writeFileSync(join(shared, 'file'), 'hello, guest')
  fs.writeFileSync(join(shared, 'sub/inner'), 'inner')
  fs.symlinkSync('../secret', join(shared, 'escape'))
  fs.symlinkSync('..', join(shared, 'up'))
  fs.symlinkSync('/', join(shared, 'slash'))
  fs.symlinkSync('sub', join(shared, 'inside'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

function mount(isWritable: boolean, device = new Virtio9p('share', openHostFolder(shared, !isWritable))) {
  const bench = new VirtioBench(device)
  bench.writeConfig(4, 2, 7)
  bench.negotiate(F_VERSION_1 | 1n)
  const client = new NinepClient(bench, bench.setUpQueue(0, 0n, 16, QUEUE))
  bench.start()
  expect(client.call(100, u32(65_536), text('9P2000.L')).getUint32(0, true)).toBe(65_536)
  client.call(104, u32(0), u32(NO_FID), text('root'), text(''), u32(0))
  return { bench, client, device }
}

const lopen = (client: NinepClient, fid: number, flags: number): number =>
  client.errno(12, u32(fid), u32(flags))

test('the tag; version, attach, walk, getattr, read, readlink, statfs, clunk', () => {
  const { bench, client } = mount(false)
  const tag = Array.from({ length: bench.readDevice(0, 2) }, (_, i) => bench.readDevice(2 + i, 1))
  expect(String.fromCharCode(...tag)).toBe('share')
  expect(client.walk(0, 1, 'sub', 'inner')).toBe(0)
  const attributes = client.call(24, u32(1), u64(0x7ff))
  const stat = fs.statSync(join(shared, 'sub/inner'), { bigint: true })
  expect([
    attributes.getUint32(21, true),
    attributes.getBigUint64(49, true),
    attributes.getBigUint64(13, true),
  ]).toEqual([Number(stat.mode), stat.size, stat.ino])
  expect(lopen(client, 1, 0)).toBe(0)
  expect(Buffer.from(client.read(1, 1, 100)).toString()).toBe('nner')
  expect([...client.read(1, 5, 100)]).toEqual([])
  expect(client.walk(0, 2, 'inside')).toBe(0)
  const target = client.call(22, u32(2))
  expect(Buffer.from(target.buffer, 2).toString()).toBe('sub')
  expect(client.call(8, u32(0)).getUint32(4, true)).toBeGreaterThan(0)
  expect([client.errno(120, u32(1)), client.errno(120, u32(1))]).toEqual([0, EBADF])
  expect(client.errno(30, u32(2), u32(3), text('user.x'))).toBe(EOPNOTSUPP)
  expect(client.walk(0, 3, 'none')).toBe(ENOENT)
})

test('listing in pieces: every name once, with the two dots', () => {
  for (let i = 0; i < 100; i++) fs.writeFileSync(join(shared, 'sub', `name-${i}`), '')
  const { client } = mount(false)
  client.walk(0, 1, 'sub')
  expect(lopen(client, 1, 0)).toBe(0)
  expect(client.list(1, 200).toSorted()).toEqual(
    ['.', '..', ...fs.readdirSync(join(shared, 'sub'))].toSorted(),
  )
})

describe('nothing outside is reached', () => {
  test('by names, by links, by going up', () => {
    const { client } = mount(true)
    for (const name of ['../secret', 'sub/../../secret', '/etc/passwd', 'a\0b', '.']) {
      expect(client.walk(0, 9, name), name).toBe(EINVAL)
      expect(client.errno(72, u32(0), text(name), u32(0o755), u32(0)), name).toBe(EINVAL)
    }
    // Above the root there is the root.
    expect(client.walk(0, 1, '..', '..', 'file')).toBe(0)
    expect(lopen(client, 1, 0)).toBe(0)
    expect(Buffer.from(client.read(1, 0, 5)).toString()).toBe('hello')
    // A link can be read, not opened, and not passed through.
    expect([client.walk(0, 2, 'escape'), lopen(client, 2, 0), lopen(client, 2, 2)]).toEqual([
      0,
      EACCES,
      EACCES,
    ])
    for (const link of ['up', 'slash', 'inside'])
      expect(
        client.call(110, u32(0), u32(9), u16(2), text(link), text('secret')).getUint16(0, true),
        link,
      ).toBe(1)
    expect(client.walk(0, 3, 'up')).toBe(0)
    expect(client.walk(3, 4, 'secret')).toBe(ENOTDIR)
    expect(lopen(client, 3, 0)).toBe(EACCES)
    for (const create of [
      client.errno(14, u32(3), text('new'), u32(0o101), u32(0o644), u32(0)),
      client.errno(72, u32(3), text('new'), u32(0o755), u32(0)),
      client.errno(16, u32(3), text('new'), text('x'), u32(0)),
      client.errno(76, u32(3), text('secret'), u32(0)),
      client.errno(74, u32(0), text('file'), u32(3), text('moved')),
    ])
      expect(create).toBe(ELOOP)
    expect(
      client.errno(26, u32(2), u32(1), u32(0o777), u32(0), u32(0), u64(0), u64(0), u64(0), u64(0), u64(0)),
    ).toBe(EOPNOTSUPP)
    expect(fs.readdirSync(folder).toSorted()).toEqual(['secret', 'shared'])
    expect(fs.readFileSync(join(folder, 'secret'), 'utf8')).toBe('outside')
  })

  test('when a directory becomes a link while the guest holds it', () => {
    const { client } = mount(true)
    client.walk(0, 1, 'sub')
    fs.renameSync(join(shared, 'sub'), join(shared, 'was'))
    fs.symlinkSync('..', join(shared, 'sub'))
    expect(client.walk(1, 2, 'secret')).toBe(ENOTDIR)
    expect(client.errno(76, u32(1), text('secret'), u32(0))).toBe(ELOOP)
  })

  test('a pipe of the host is not opened, and devices are not made', () => {
    const { client } = mount(true)
    for (const mode of [0o010644, 0o020644, 0o060644, 0o140644])
      expect(client.errno(18, u32(0), text('node'), u32(mode), u32(1), u32(3), u32(0))).toBe(EPERM)
  })
})

test('read-only: every change is refused, and changes nothing', () => {
  const { client } = mount(false)
  client.walk(0, 1, 'file')
  expect([lopen(client, 1, 1), lopen(client, 1, 2), lopen(client, 1, 0o1000)]).toEqual([EROFS, EROFS, EROFS])
  expect(lopen(client, 1, 0)).toBe(0)
  expect(client.errno(118, u32(1), u64(0), u32(1), u8(0x41))).toBe(EBADF)
  client.walk(0, 2)
  for (const refused of [
    client.errno(14, u32(2), text('new'), u32(0o102), u32(0o644), u32(0)),
    client.errno(72, u32(0), text('new'), u32(0o755), u32(0)),
    client.errno(16, u32(0), text('new'), text('x'), u32(0)),
    client.errno(18, u32(0), text('new'), u32(0o100644), u32(0), u32(0), u32(0)),
    client.errno(70, u32(0), u32(1), text('new')),
    client.errno(74, u32(0), text('file'), u32(0), text('moved')),
    client.errno(20, u32(1), u32(0), text('moved')),
    client.errno(76, u32(0), text('file'), u32(0)),
    client.errno(26, u32(1), u32(8), u32(0), u32(0), u32(0), u64(0), u64(0), u64(0), u64(0), u64(0)),
    client.errno(122, u32(1)),
  ])
    expect(refused).toBe(EROFS)
  expect(fs.readdirSync(shared).toSorted()).toEqual(['escape', 'file', 'inside', 'slash', 'sub', 'up'])
  expect(fs.readFileSync(join(shared, 'file'), 'utf8')).toBe('hello, guest')
})

test('writable: create, write, truncate, times, rename, link, remove', () => {
  const { client } = mount(true)
  client.walk(0, 1)
  expect(client.errno(14, u32(1), text('new'), u32(0o102), u32(0o4755), u32(0))).toBe(0)
  expect(client.call(118, u32(1), u64(3), u32(4), ['bytes', Buffer.from('data')]).getUint32(0, true)).toBe(4)
  expect(client.errno(50, u32(1))).toBe(0)
  expect(fs.readFileSync(join(shared, 'new'), 'latin1')).toBe('\0\0\0data')
  // No set-user-ID programs on the host.
  expect(fs.statSync(join(shared, 'new')).mode & 0o7000).toBe(0)
  const setattr = (valid: number, mode: number, size: number, seconds: number): number =>
    client.errno(
      26,
      u32(1),
      u32(valid),
      u32(mode),
      u32(0),
      u32(0),
      u64(size),
      u64(seconds),
      u64(0),
      u64(seconds),
      u64(0),
    )
  expect(setattr(0x1 | 0x8 | 0x30 | 0x180, 0o600, 5, 1_000_000)).toBe(0)
  const stat = fs.statSync(join(shared, 'new'))
  expect([stat.mode & 0o777, stat.size, stat.mtimeMs]).toEqual([0o600, 5, 1e9])
  expect(client.errno(74, u32(0), text('new'), u32(0), text('renamed'))).toBe(0)
  // The fid follows its file.
  expect(client.call(24, u32(1), u64(0x7ff)).getBigUint64(49, true)).toBe(5n)
  expect(client.errno(72, u32(0), text('dir'), u32(0o755), u32(0))).toBe(0)
  expect(client.walk(0, 2, 'renamed')).toBe(0)
  expect(client.errno(70, u32(0), u32(2), text('second'))).toBe(0)
  expect(fs.statSync(join(shared, 'second')).nlink).toBe(2)
  expect(client.errno(16, u32(0), text('link'), text('anywhere'), u32(0))).toBe(0)
  expect(fs.readlinkSync(join(shared, 'link'))).toBe('anywhere')
  expect(client.errno(76, u32(0), text('dir'), u32(0))).toBe(EISDIR)
  expect(client.errno(76, u32(0), text('dir'), u32(0x200))).toBe(0)
  expect(client.errno(122, u32(2))).toBe(0)
  // Removed, and still open.
  client.errno(76, u32(0), text('second'), u32(0))
  expect(Buffer.from(client.read(1, 3, 2)).toString()).toBe('da')
})

test('a directory that is renamed takes the fids below along', () => {
  const { client } = mount(true)
  client.walk(0, 1, 'sub', 'inner')
  expect(client.errno(74, u32(0), text('sub'), u32(0), text('moved'))).toBe(0)
  expect(lopen(client, 1, 0)).toBe(0)
  expect(Buffer.from(client.read(1, 0, 9)).toString()).toBe('inner')
})

test('a saved session goes on: fids, open files, listings', () => {
  const { client, device } = mount(true)
  client.walk(0, 1, 'file')
  lopen(client, 1, 0)
  client.walk(0, 2, 'sub')
  lopen(client, 2, 0)
  const other = new Virtio9p('share', openHostFolder(shared, false))
  const second = mount(true, other)
  other.load(device.save())
  expect(other.save()).toEqual(device.save())
  expect(Buffer.from(second.client.read(1, 0, 5)).toString()).toBe('hello')
  expect(second.client.list(2, 500)).toContain('inner')
})

test('requests that lie about their length, and random ones, are answered; the rest of the share is untouched', () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/devices/virtio-9p.test.ts`)
  const random = createRandom(SEED)
  const { bench, client } = mount(false)
  for (let i = 0; i < 5000; i++) {
    const bytes = Buffer.from(Array.from({ length: 7 + random(60) }, () => random(random(2) ? 4 : 256)))
    bytes.writeUInt32LE(random(4) ? bytes.length : random(2 ** 32))
    bytes[4] = random(130)
    const answer = client.raw(bytes)
    expect(answer?.type === 7 || answer?.type === bytes[4]! + 1).toBe(true)
  }
  expect(client.raw(Buffer.of(11, 0, 0, 0, 120, 0, 0, 0, 0, 0, 0), 8)).toBe(null)
  expect(bench.get('status') & NEEDS_RESET).toBe(NEEDS_RESET)
  expect(fs.readdirSync(shared).toSorted()).toEqual(['escape', 'file', 'inside', 'slash', 'sub', 'up'])
})
