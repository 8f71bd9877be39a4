/** Runs single instructions on the processor of this machine, through `run-native.c`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Addresses that both processors use. */
export const CODE = 0x100800
export const DATA = 0x200000
export const DATA_SIZE = 4096

/** Registers before or after an instruction. `signal` is 0 or the number of the signal that the native processor got. */
export interface Registers {
  gpr: bigint[]
  rflags: bigint
  mxcsr: number
  signal: number
  xmm: Uint8Array[]
}

export interface Case {
  /** 32-bit code in compatibility mode, instead of 64-bit code. */
  compatibility?: boolean
  code: Uint8Array
  before: Registers
}

export interface Outcome {
  after: Registers
  data: Uint8Array
}

const REGISTERS_SIZE = 400
const CASE_SIZE = REGISTERS_SIZE + 24

/** Whether there is a C compiler and this is an x86-64. */
export function haveSilicon(): boolean {
  return (
    process.arch === 'x64' && process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0
  )
}

let program: string | null = null

function build(): string {
  if (program) return program
  const source = new URL('run-native.c', import.meta.url).pathname
  program = join(mkdtempSync(join(tmpdir(), 'onering-silicon-')), 'run-native')
  execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-o', program, source])
  return program
}

/** All cases in one run; `initial` is what the data page holds before each. */
export function runNative(cases: readonly Case[], initial: Uint8Array): Outcome[] {
  const input = Buffer.alloc(DATA_SIZE + cases.length * CASE_SIZE)
  input.set(initial)
  cases.forEach(({ code, before, compatibility }, index) => {
    const at = DATA_SIZE + index * CASE_SIZE
    before.gpr.forEach((value, n) => input.writeBigUInt64LE(value, at + 8 * n))
    input.writeBigUInt64LE(before.rflags, at + 128)
    input.writeUInt32LE(before.mxcsr, at + 136)
    before.xmm.forEach((value, n) => input.set(value, at + 144 + 16 * n))
    input.writeUInt32LE(code.length, at + REGISTERS_SIZE)
    input.set(code, at + REGISTERS_SIZE + 4)
    input.writeUInt32LE(Number(compatibility ?? false), at + REGISTERS_SIZE + 20)
  })
  const { stdout, status, signal } = spawnSync(build(), { input, maxBuffer: 1 << 30 })
  if (status !== 0) throw new Error(`the native runner ended with ${status ?? signal}`)
  const size = REGISTERS_SIZE + DATA_SIZE
  return cases.map((_, index) => {
    const at = index * size
    const after: Registers = {
      gpr: Array.from({ length: 16 }, (_unused, n) => stdout.readBigUInt64LE(at + 8 * n)),
      rflags: stdout.readBigUInt64LE(at + 128),
      mxcsr: stdout.readUInt32LE(at + 136),
      signal: stdout.readUInt32LE(at + 140),
      xmm: Array.from(
        { length: 16 },
        (_unused, n) => new Uint8Array(stdout.subarray(at + 144 + 16 * n, at + 160 + 16 * n)),
      ),
    }
    return { after, data: new Uint8Array(stdout.subarray(at + REGISTERS_SIZE, at + size)) }
  })
}
