/** Runs one test, here or on QEMU, and reads what it says. */
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { modelError } from '../../src/cpu/cpuid/features.ts'
import type { UnitTest } from './suite.ts'

export interface Outcome {
  /** As the suite's own script sees it: by the exit status. */
  readonly verdict: 'pass' | 'fail' | 'skip' | 'timeout'
  /** Checks reported, failed among them, skipped among them. */
  readonly checks: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  readonly output: string
}

/** Statuses after `isa-debug-exit`, (value << 1) | 1: the suite writes 0, or 77 >> 1 when everything was skipped. */
const PASSED = 1
const SKIPPED = 77

const onering = new URL('../../dist/cli/main.js', import.meta.url).pathname

/**
 * The suite's own limits are for processors that run at full speed; an engine that translates gets so many times as long. Several of the tests run for a fixed number of
 * ticks of the time-stamp counter, which are as many instructions here.
 */
export const PATIENCE = Number(process.env.ONERING_KVM_UNIT_TESTS_PATIENCE ?? 4)

/** QEMU's default, which some of the tests rely on. */
const MEMORY = '128M'

function option(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name)
  return at < 0 ? undefined : words[at + 1]
}

const words = (text: string): string[] => text.split(' ')

/** QEMU's `-cpu NAME,+x,-y` as ours: the name says little under TCG, the features that we know count. */
function processor(test: UnitTest): string {
  const [, ...changes] = (option(test.qemuParams, '-cpu') ?? 'max').split(',')
  const known = changes.filter((change) => /^[+-]/.test(change) && modelError(`max,${change}`) === null)
  return ['max', ...known].join(',')
}

/** No KVM is there to answer hypercalls: the tests call that a machine without a test device. */
const environment = join(mkdtempSync(join(tmpdir(), 'onering-kvm-unit-tests-')), 'environment')
writeFileSync(environment, 'TEST_DEVICE=0\n')

function onOnering(test: UnitTest): string[] {
  const memory = option(test.qemuParams, '-m')
  return [
    onering,
    ...words('run --quiet --net none --device pc-testdev --memory'),
    memory ? `${memory}M` : MEMORY,
    '--timeout',
    String(PATIENCE * test.timeout),
    '--cpu',
    processor(test),
    '--initrd',
    environment,
    // The first word is the program's name.
    '--append',
    `${basename(test.path)} ${test.args}`,
    test.path,
  ]
}

function onQemu(test: UnitTest): string[] {
  return [
    ...words('-nodefaults -vnc none -serial stdio -accel tcg -device pc-testdev -device pci-testdev'),
    ...words('-device isa-debug-exit,iobase=0xf4,iosize=0x4 -smp'),
    String(test.smp),
    // There is no KVM to give its own processor.
    ...test.qemuParams.filter((word) => word !== '-enable-kvm').map((word) => word.replace(/^host\b/, 'max')),
    '-append',
    test.args,
    '-kernel',
    test.path,
  ]
}

export function runHere(test: UnitTest): Promise<Outcome> {
  return run(process.execPath, onOnering(test), PATIENCE * test.timeout + 10)
}

export function runOnQemu(test: UnitTest): Promise<Outcome> {
  return run('qemu-system-x86_64', onQemu(test), test.timeout)
}

async function run(program: string, args: readonly string[], timeout: number): Promise<Outcome> {
  const start = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1')
    stream.on('data', (text: string) => (output += text))
  }
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, timeout * 1000)
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  return { ...read(output, isLate ? 124 : status), seconds: (performance.now() - start) / 1000, output }
}

function read(output: string, status: number | null): Omit<Outcome, 'seconds' | 'output'> {
  const count = (pattern: RegExp): number => output.match(pattern)?.length ?? 0
  const failed = count(/^FAIL:/gm)
  const skipped = count(/^SKIP:/gm)
  const checks = count(/^(PASS|FAIL|SKIP|XFAIL):/gm)
  const verdict =
    status === PASSED ? 'pass' : status === SKIPPED ? 'skip' : status === 124 ? 'timeout' : 'fail'
  return { verdict, checks, failed, skipped }
}
