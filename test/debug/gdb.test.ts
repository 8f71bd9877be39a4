/** Stock gdb, as it comes with Debian, on a machine of ours. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram } from '../support/programs.ts'

const root = new URL('../..', import.meta.url).pathname
const main = join(root, 'dist/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'onering-gdb-'))
const image = join(folder, 'sum.elf')
afterAll(() => rmSync(folder, { recursive: true }))

interface Debugged {
  readonly gdb: string
  readonly status: number | null
  readonly guest: string
}

/** Runs the image until gdb has done these commands. */
async function debug(commands: readonly string[]): Promise<Debugged> {
  const machine = spawn(
    process.execPath,
    [main, 'run', image, '--gdb', '0', '--net', 'none', '--seed', '1', '--idle', 'leap', '--memory', '64M'],
    { cwd: root },
  )
  let guest = ''
  machine.stdout.on('data', (bytes: Buffer) => (guest += String(bytes)))
  const ended = new Promise<number | null>((resolve) => machine.once('close', resolve))
  const place = await new Promise<string>((resolve, reject) => {
    let text = ''
    machine.stderr.on('data', (bytes: Buffer) => {
      text += String(bytes)
      const found = /target remote (\S+?)'/.exec(text)
      if (found) resolve(found[1]!)
    })
    machine.once('close', () => reject(new Error(text)))
  })
  try {
    const gdb = await runGdb([`target remote ${place}`, ...commands, 'kill'])
    return { gdb, status: await ended, guest }
  } finally {
    machine.kill()
  }
}

function runGdb(commands: readonly string[]): Promise<string> {
  const all = ['set pagination off', 'set confirm off', 'set width 0', ...commands]
  const script = join(folder, 'commands')
  writeFileSync(script, `${all.join('\n')}\n`)
  const gdb = spawn('gdb', ['-nx', '-batch', '-x', script, image], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [gdb.stdout, gdb.stderr]) stream.on('data', (bytes: Buffer) => (text += String(bytes)))
  return new Promise((resolve) => gdb.once('close', () => resolve(text)))
}

/** What `echo NAME\n` and a dump of all general registers gave. */
function dump(name: string): string[] {
  const registers =
    'rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss fs_base gs_base k_gs_base cr3'
  const values = registers.split(' ').map((register) => `$${register}`)
  return [`printf "${name}:${values.map(() => ' %lx').join('')}\\n", ${values.join(', ')}`]
}

function dumped(text: string, name: string): string[] {
  const line = new RegExp(`^${name}: (.*)$`, 'm').exec(text)
  if (line === null) throw new Error(`no ${name} in: ${text}`)
  return line[1]!.split(' ')
}

const RIP = 16
const CS = 18

describe.skipIf(!hasProgram('gdb'))('gdb', () => {
  beforeAll(() => {
    const built = spawnSync(
      process.execPath,
      [main, 'build', 'test/debug/guest/sum.ts', '--link', 'trap', '-o', image],
      { cwd: root, encoding: 'utf8' },
    )
    if (built.status !== 0) throw new Error(built.stderr)
  }, 120_000)

  test('stops on a line of TypeScript, and steps by lines', async () => {
    const { gdb } = await debug(['break test/debug/guest/sum.ts:10', 'continue', 'bt 3', 'next'])
    expect(gdb).toMatch(/Breakpoint 1, .*main \(\) at .*guest\/sum\.ts:10/)
    expect(gdb).toMatch(/10\s+total \+= bytes\[0\]/)
    expect(gdb).toMatch(/^#0 +main \(\) at /m)
  }, 120_000)

  test('reverse-stepi over syscall lands in ring 3 with the registers of before, and over sysret in ring 0', async () => {
    const { gdb } = await debug([
      // The stub of a call of the kernel.
      "tbreak *(long)&'kernel.write'",
      'continue',
      'while *(unsigned short*)$rip != 0x050f',
      'stepi',
      'end',
      ...dump('before'),
      'stepi',
      ...dump('entry'),
      'reverse-stepi',
      ...dump('back'),
      'stepi',
      ...dump('again'),
      // And the way back: from behind it.
      'tbreak *$rcx',
      'continue',
      ...dump('returned'),
      'reverse-stepi',
      ...dump('sysret'),
      'stepi',
      ...dump('once more'),
    ])
    const [before, entry, back, again] = ['before', 'entry', 'back', 'again'].map((name) => dumped(gdb, name))
    expect(Number.parseInt(before![CS]!, 16) & 3).toBe(3)
    expect(Number.parseInt(entry![CS]!, 16) & 3).toBe(0)
    // SYSCALL: RCX ← RIP of the next instruction, two bytes on.
    expect(BigInt(`0x${entry![2]}`)).toBe(BigInt(`0x${before![RIP]}`) + 2n)
    expect(back).toEqual(before)
    expect(again).toEqual(entry)
    const [sysret, returned, onceMore] = ['sysret', 'returned', 'once more'].map((name) => dumped(gdb, name))
    expect(Number.parseInt(sysret![CS]!, 16) & 3).toBe(0)
    expect(Number.parseInt(returned![CS]!, 16) & 3).toBe(3)
    expect(onceMore).toEqual(returned)
  }, 240_000)

  test('watches memory forwards and backwards', async () => {
    const { gdb } = await debug([
      'break test/debug/guest/sum.ts:10',
      'continue',
      'set $slot = (unsigned long*)($rsp - 8)',
      'watch *$slot',
      'delete 1',
      'continue',
      'reverse-continue',
    ])
    expect(gdb).toMatch(/Hardware watchpoint 2: \*\$slot/)
    expect(gdb.match(/Old value = /g)).toHaveLength(2)
    const [old, fresh] = [...gdb.matchAll(/Old value = (\d+)\s+New value = (\d+)/g)].map(([, a, b]) => [a, b])
    expect(fresh).toEqual([old![1], old![0]])
  }, 120_000)

  test('goes back to a breakpoint, and to the beginning, and on to the end', async () => {
    const { gdb, guest } = await debug([
      'break test/debug/guest/sum.ts:10',
      'continue',
      'delete',
      'continue',
      'reverse-continue',
      'monitor history',
      'continue',
      'continue',
    ])
    expect(gdb).toMatch(/the guest (ended|switched)/)
    expect(gdb).toMatch(/No more reverse-execution history/)
    expect(gdb).toMatch(/at instruction 0, event 0/)
    expect(gdb).toMatch(/exited (normally|with code)/)
    // What is done once more is not said once more.
    expect(guest.match(/added/g)).toHaveLength(3)
  }, 120_000)

  test('reads and writes registers and memory, and the future follows', async () => {
    const { gdb } = await debug([
      'break test/debug/guest/sum.ts:10',
      'continue',
      'set $rbx = 0x1122334455667788',
      'set var *(unsigned long*)($rsp - 64) = 0x8877665544332211',
      'stepi',
      'reverse-stepi',
      'printf "rbx %lx slot %lx\\n", $rbx, *(unsigned long*)($rsp - 64)',
      'set $xmm3.v2_int64[0] = 5',
      'p $xmm3.v2_int64',
      'p/x $cr0',
      'monitor walk 0x40000000',
      'monitor help',
      'monitor nonsense',
      // An error ends the script.
      'p/x *(char*)0',
    ])
    expect(gdb).toContain('rbx 1122334455667788 slot 8877665544332211')
    expect(gdb).toContain('{5, 0}')
    expect(gdb).toMatch(/\$\d+ = 0x800\d00[0-9a-f]+/)
    expect(gdb).toContain('Cannot access memory at address 0x0')
    expect(gdb).toMatch(/PTE +at 0x[0-9a-f]+: /)
    expect(gdb).toMatch(/nonsense: no such command/)
  }, 120_000)
})
