/** Runs single instructions on the processor of this machine, through `run-native.c`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  /** Bits 128 to 255 of the vector registers, 16 bytes each; zeros before when not given. */
  upper?: Uint8Array[]
}

export interface Case {
  /** 32-bit code in compatibility mode, instead of 64-bit code. */
  compatibility?: boolean
  /** Instructions in `code`, at most 64 bytes; 1 when not given. */
  count?: number
  code: Uint8Array
  before: Registers
}

export interface Outcome {
  after: Registers
  data: Uint8Array
}

const REGISTERS_SIZE = 656
const XMM = 144
const UPPER = 400
const CODE_SIZE = 64
const CASE_SIZE = REGISTERS_SIZE + CODE_SIZE + 8

/** Whether there is a C compiler and this is an x86-64. */
export function haveSilicon(): boolean {
  return (
    process.arch === 'x64' && process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0
  )
}

let folder: string | null = null

/** A folder with the compiled runner, removed when the test process ends. */
function build(): string {
  if (folder) return folder
  const made = mkdtempSync(join(tmpdir(), 'onering-silicon-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  const source = new URL('run-native.c', import.meta.url).pathname
  execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-o', join(made, 'run-native'), source])
  return (folder = made)
}

/** Standard input and output are files: tens of megabytes are too much for the pipes of a synchronous child. */
function throughFiles(input: Uint8Array): Buffer {
  const made = build()
  const [inputPath, outputPath] = [join(made, 'input'), join(made, 'output')]
  writeFileSync(inputPath, input)
  const descriptors = [openSync(inputPath, 'r'), openSync(outputPath, 'w')]
  const { status, signal } = spawnSync(join(made, 'run-native'), { stdio: [...descriptors, 'inherit'] })
  for (const descriptor of descriptors) closeSync(descriptor)
  if (status !== 0) throw new Error(`the native runner ended with ${status ?? signal}`)
  return readFileSync(outputPath)
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
    before.xmm.forEach((value, n) => input.set(value, at + XMM + 16 * n))
    before.upper?.forEach((value, n) => input.set(value, at + UPPER + 16 * n))
    input.writeUInt32LE(code.length, at + REGISTERS_SIZE)
    input.set(code, at + REGISTERS_SIZE + 4)
    input.writeUInt32LE(Number(compatibility ?? false), at + REGISTERS_SIZE + 4 + CODE_SIZE)
  })
  const stdout = throughFiles(input)
  if (stdout.length !== cases.length * (REGISTERS_SIZE + DATA_SIZE))
    throw new Error('the native runner stopped early')
  const size = REGISTERS_SIZE + DATA_SIZE
  const vectors = (from: number): Uint8Array[] =>
    Array.from({ length: 16 }, (_, n) => stdout.subarray(from + 16 * n, from + 16 * n + 16))
  return cases.map((_, index) => {
    const at = index * size
    const after: Registers = {
      gpr: Array.from({ length: 16 }, (_unused, n) => stdout.readBigUInt64LE(at + 8 * n)),
      rflags: stdout.readBigUInt64LE(at + 128),
      mxcsr: stdout.readUInt32LE(at + 136),
      signal: stdout.readUInt32LE(at + 140),
      xmm: vectors(at + XMM),
      upper: vectors(at + UPPER),
    }
    return { after, data: stdout.subarray(at + REGISTERS_SIZE, at + size) }
  })
}

/** The features of this machine's processor as Linux names them. */
export function haveFeatures(): ReadonlySet<string> {
  const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))
  return new Set(flags?.[1]?.split(' '))
}
