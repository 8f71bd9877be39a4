import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** A Linux of its own: a network namespace whose only device is a TAP that we hold the other end of. */
export class Linux {
  onFrame: (frame: Uint8Array) => void = () => {}
  readonly #helper: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #folder: string
  #rest: Buffer = Buffer.alloc(0)

  private constructor(helper: ChildProcessByStdio<Writable, Readable, Readable>, folder: string) {
    this.#helper = helper
    this.#folder = folder
    helper.stdout.on('data', (chunk: Buffer) => this.#feed(chunk))
    helper.stdin.on('error', () => {})
  }

  /** Null, with the reason, where this is not permitted. */
  static async start(address: string): Promise<Linux | string> {
    const folder = mkdtempSync(join(tmpdir(), 'onering-tap-'))
    const program = join(folder, 'tap')
    try {
      execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'tap.c')], { stdio: 'pipe' })
    } catch (error) {
      rmSync(folder, { recursive: true })
      return `no C compiler: ${(error as Error).message.split('\n')[0]}`
    }
    const helper = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] })
    const first = await new Promise<string>((done) => {
      helper.stderr.once('data', (data: Buffer) => done(data.toString().trim()))
      helper.once('error', (error) => done(error.message))
    })
    const linux = new Linux(helper, folder)
    const refusal =
      first !== 'ready'
        ? first
        : linux.run('sh', [
            '-c',
            `ip link set lo up && ip link set tap0 up && ip addr add ${address} dev tap0`,
          ])
    if (first === 'ready' && (refusal as { status: number }).status === 0) return linux
    linux.stop()
    return typeof refusal === 'string' ? refusal : refusal.output
  }

  send(frame: Uint8Array): void {
    const message = Buffer.allocUnsafe(4 + frame.length)
    message.writeUInt32BE(frame.length)
    message.set(frame, 4)
    this.#helper.stdin.write(message)
  }

  /** Runs a program in the namespace to its end; this process, and so our stack, stands still meanwhile. */
  run(program: string, args: string[]): { status: number; output: string } {
    const result = spawnSync('nsenter', this.#enter(program, args), { encoding: 'utf8' })
    return { status: result.status ?? -1, output: result.stdout + result.stderr }
  }

  /** Starts a program in the namespace; resolves with its exit status and output. `spoke`: it has printed something. */
  start(
    program: string,
    args: string[],
  ): Promise<{ status: number; output: string }> & { spoke: Promise<void> } {
    const child = spawn('nsenter', this.#enter(program, args), { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output += data.toString()))
    const end = new Promise<{ status: number; output: string }>((done) =>
      child.once('close', (status) => done({ status: status ?? -1, output })),
    )
    const spoke = new Promise<void>((done) => {
      child.stdout.once('data', () => done())
      child.once('close', () => done())
    })
    return Object.assign(end, { spoke })
  }

  stop(): void {
    this.#helper.stdin.end()
    this.#helper.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #enter(program: string, args: string[]): string[] {
    return ['-t', String(this.#helper.pid), '-n', program, ...args]
  }

  #feed(chunk: Buffer): void {
    let data = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
    while (data.length >= 4) {
      const length = data.readUInt32BE()
      if (data.length < 4 + length) break
      this.onFrame(data.subarray(4, 4 + length))
      data = data.subarray(4 + length)
    }
    this.#rest = data
  }
}
