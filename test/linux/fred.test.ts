/**
 * A kernel with CONFIG_X86_FRED, which Debian's of this release has not: it uses FRED where the processor offers it, and what programs see of exceptions, interrupts and
 * system calls is what the same kernel shows them without it.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasDebian, missingDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

const BOOTS_MS = 900_000
/** `.ci/run` puts a kernel's package here; ONERING_LINUX_FRED names another folder. */
const kernels = process.env.ONERING_LINUX_FRED ?? new URL('../../build/linux-fred', import.meta.url).pathname
const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
const sources = new URL('support/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'onering-fred-'))
afterAll(() => rmSync(folder, { recursive: true }))

const kernel = findKernel()
const GCC_64 = ['-O1', '-static']
const GCC_32 = '-m32 -O1 -nostdlib -static -fno-pie -no-pie -fno-stack-protector -fcf-protection=none'.split(
  ' ',
)

const missing = !kernel
  ? `no kernel in ${kernels} (.ci/run puts one there)`
  : !hasDebian
    ? missingDebian
    : canCompile()
      ? undefined
      : 'gcc cannot make static programs of 64 and 32 bits'

describe.skipIf(missing !== undefined)(`a kernel with FRED${missing ? `: ${missing}` : ''}`, () => {
  let withFred: Run
  let without: Run
  beforeAll(async () => {
    const script =
      'traps; traps32; echo END; grep -m1 -wo fred /proc/cpuinfo; dmesg -r | grep "^<[0-4]>"; poweroff -f'
    const files = ['traps', 'traps32'].map((name) => {
      return { path: `bin/${name}`, mode: 0o100755, data: readFileSync(join(folder, name)) }
    })
    writeFileSync(
      join(folder, 'initrd'),
      buildInitramfs(openDebian(), { modules: [], script: `echo START; ${script}`, files }),
    )
    withFred = await run('max')
    without = await run('max,-fred')
  }, BOOTS_MS)

  test('uses it: events come by FRED, and go by ERETU and ERETS', () => {
    expect(withFred.output).toMatch(/\nfred\n/)
    expect(withFred.output).not.toMatch(/^<[0-4]>/m)
    for (const event of ['fred-event', 'eretu', 'erets'])
      expect(withFred.events[event], event).toBeGreaterThan(1000)
    expect([withFred.events.syscall, withFred.events.sysret]).toEqual([undefined, undefined])
    expect([without.events['fred-event'], without.events.eretu]).toEqual([undefined, undefined])
  })

  // ERETU after INT n, SYSCALL or SYSENTER with TF set: a single-step trap is pending at once. IRET and SYSRET let one more instruction go.
  test('programs see what they see without, but for a step that FRED tells behind a system call', () => {
    expect(lines(without).filter((line) => !lines(withFred).includes(line))).toMatchInlineSnapshot(`
      [
        "step_syscall        signal 5 code 2 trap 1 error 0 rip +9 cr2 +0 flags 100 steps 40, 0 behind the system call",
        "step_int80          signal 5 code 2 trap 1 error 0 rip +9 cr2 +0 flags 100 steps 40, 0 behind the system call",
      ]
    `)
    expect(lines(withFred).filter((line) => !lines(without).includes(line))).toMatchInlineSnapshot(`
      [
        "step_syscall        signal 5 code 2 trap 1 error 0 rip +14 cr2 +0 flags 100 steps 40, 13 behind the system call",
        "step_int80          signal 5 code 2 trap 1 error 0 rip +14 cr2 +0 flags 100 steps 40, 13 behind the system call",
      ]
    `)
    expect(lines(without).length).toBeGreaterThan(40)
  })
})

interface Run {
  readonly output: string
  readonly events: Readonly<Record<string, number>>
}

/** What the two programs have written. */
const lines = ({ output }: Run): string[] => /START\n([^]*)END\n/.exec(output)![1]!.split('\n')

async function run(cpu: string): Promise<Run> {
  const args = `--cpu ${cpu} --memory 512M --net none --idle leap --quiet --seed 1 --timeout ${BOOTS_MS / 2000} --stats ${cpu}.json`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [main, 'run', kernel!, '--initrd', 'initrd', '--append', 'console=ttyS0 quiet', ...args.split(' ')],
    { cwd: folder, encoding: 'latin1' },
  )
  const { events } = JSON.parse(readFileSync(join(folder, `${cpu}.json`), 'utf8')) as Run
  return { output: stdout.replaceAll('\r', ''), events }
}

function findKernel(): string | undefined {
  if (!existsSync(kernels)) return undefined
  const files = readdirSync(kernels, { recursive: true, encoding: 'utf8' })
  const found = files.filter((file) => /(^|\/)vmlinuz[^/]*$/.test(file)).toSorted()
  return found.length === 0 ? undefined : join(kernels, found.at(-1)!)
}

/** Makes the two programs on the way. */
function canCompile(): boolean {
  if (spawnSync('gcc', ['--version']).status !== 0) return false
  try {
    for (const [name, flags] of Object.entries({ traps: GCC_64, traps32: GCC_32 }))
      execFileSync('gcc', [...flags, '-o', join(folder, name), join(sources, `${name}.c`)], {
        stdio: 'ignore',
      })
    return true
  } catch {
    return false
  }
}
