import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'onering-bad-use-'))
afterAll(() => rmSync(folder, { recursive: true }))

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname

/** Runs the command line in an empty folder; returns its status, its standard error, and the files it left there. */
function onering(...args: string[]): { status: number | null; error: string; left: string[] } {
  const cwd = mkdtempSync(join(folder, 'cwd-'))
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, error: stderr.trim(), left: readdirSync(cwd) }
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** An ELF header of 64 bytes for the given machine, with nothing behind it. */
function elfHeader(machine: number): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  new DataView(bytes.buffer).setUint16(16, 2, true)
  new DataView(bytes.buffer).setUint16(18, machine, true)
  return bytes
}

const app = file(
  'app.ts',
  "import { print } from 'onering'\nexport function main(): void {\n  print('up')\n}\n",
)
mkdirSync(join(folder, 'folder'))
const disk = file('disk.img', new Uint8Array(1024))

const cases: [what: string, args: () => string[], message: RegExp][] = [
  ['a missing file', () => ['run', 'nowhere.ts'], /nowhere\.ts: no such file/],
  ['a missing image', () => ['run', 'nowhere.elf'], /nowhere\.elf: no such file/],
  ['a folder', () => ['run', join(folder, 'folder')], /is a folder/],
  ['not an ELF', () => ['run', file('text.elf', 'just text')], /neither an ELF/],
  ['an empty file', () => ['run', file('empty.elf', '')], /neither an ELF|empty/],
  ['an ELF for another machine', () => ['run', file('arm.elf', elfHeader(183))], /machine|x86/],
  ['a truncated ELF', () => ['run', file('short.elf', elfHeader(62).subarray(0, 30))], /ELF/],
  [
    'an application with a type error',
    () => ['run', file('wrong.ts', "export function main(): void {\n  let n: i32 = 'text'\n}\n")],
    /wrong\.ts:2/,
  ],
  [
    'an application with a syntax error',
    () => ['build', file('syntax.ts', 'export function main( {\n')],
    /syntax\.ts:1/,
  ],
  ['an application without main', () => ['build', file('empty.ts', 'export const x: i32 = 1\n')], /main/],
  ['too little memory', () => ['run', app, '--memory', '1M'], /memory/i],
  ['no size', () => ['run', app, '--memory', 'lots'], /--memory lots: not a size/],
  ['no port', () => ['run', app, '-p', '7'], /-p 7: write HOST:GUEST/],
  ['a missing disk', () => ['run', app, '--drive', 'nowhere.img'], /nowhere\.img: cannot be opened/],
  ['an empty disk', () => ['run', app, '--drive', file('empty.img', '')], /empty\.img: empty/],
  [
    'a disk of another format',
    () => ['run', app, '--drive', file('q.img', Buffer.from(`QFI\xfb${'.'.repeat(600)}`, 'latin1'))],
    /q\.img: .*qcow2/,
  ],
  ['a disk that is in use', () => ['run', app, '--drive', disk, '--drive', disk], /disk\.img: in use/],
  ['no drive option', () => ['run', app, '--drive', `${disk},format=vdi`], /--drive .*only raw/],
  ['a share that is not there', () => ['run', app, '--share', 'nowhere'], /nowhere: cannot be shared/],
  ['a share that is a file', () => ['run', app, '--share', `${disk}:tag`], /not a folder/],
  ['a share without a tag', () => ['run', app, '--share', 'folder:'], /--share folder:: write DIR/],
  ['an unknown option', () => ['run', app, '--speed', '11'], /--speed/],
  ['an unknown command', () => ['walk', app], /walk: no such command/],
  ['no application', () => ['run'], /app|image|missing/i],
  ['an unknown link mode', () => ['build', app, '--link', 'magic'], /--link magic: unknown; choose lto, /],
  ['an unknown network', () => ['run', app, '--net', 'magic'], /--net magic/],
  [
    'a socket that is not there',
    () => ['run', app, '--net', `stream:${join(folder, 'no.socket')}`],
    /no\.socket/,
  ],
  [
    'an output that cannot be written',
    () => ['build', app, '-o', join(folder, 'no/such/folder.elf')],
    /folder\.elf/,
  ],
]

test.each(cases)('%s: one line and status 2', { timeout: 60_000 }, (_what, args, message) => {
  const { status, error, left } = onering(...args())
  expect(error).toMatch(message)
  expect(error.split('\n').filter((line) => line.startsWith('onering: '))).toHaveLength(1)
  expect(status).toBe(2)
  expect(left).toEqual([])
})

test('a port that is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  // The check must not need this process's event loop, which spawnSync holds.
  const { status, error } = onering('run', app, '-p', `${port}:7`)
  server.close()
  expect(error).toMatch(new RegExp(`${port}.*(taken|in use)`))
  expect(status).toBe(2)
})
