import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Forwarded {
  host: number
  guest: number
  protocol?: 'tcp' | 'udp'
}

/** What a guest is started with, on whichever machine. */
export interface GuestOptions {
  forwards?: readonly Forwarded[]
  memory?: string
  /** Further arguments for the machine's own command line. */
  args?: readonly string[]
}

/** A line that the guest wrote on its serial port, and when it arrived here (ms, monotonic). */
export interface SerialLine {
  text: string
  at: number
}

/** A machine in a process of its own with a guest in it. */
export interface Guest {
  process: ChildProcess
  startedAt: number
  lines: SerialLine[]
  errors: string
  /** The first line that matches, now or later; rejects when the process ends first or the time is over. */
  line(pattern: RegExp, timeoutMs?: number): Promise<SerialLine>
  /** Waits for the end of the process and returns its exit status. */
  exit(): Promise<number | null>
  stop(): Promise<void>
}

function watch(child: ChildProcess, startedAt: number): Guest {
  let isClosed = false
  child.on('close', () => (isClosed = true))
  const guest: Guest = {
    process: child,
    startedAt,
    lines: [],
    errors: '',
    async line(pattern, timeoutMs = 30_000) {
      const found = (): SerialLine | undefined => guest.lines.find((l) => pattern.test(l.text))
      const signal = AbortSignal.timeout(timeoutMs)
      while (!found()) {
        if (child.exitCode !== null)
          throw new Error(`ended (${child.exitCode}) before ${pattern}: ${report(guest)}`)
        if (signal.aborted) throw new Error(`no line ${pattern} within ${timeoutMs} ms: ${report(guest)}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return found()!
    },
    async exit() {
      // Its last lines may come after its end.
      if (!isClosed) await once(child, 'close')
      return child.exitCode
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      await guest.exit()
      clearTimeout(late)
    },
  }
  createInterface(child.stdout!).on('line', (text) => guest.lines.push({ text, at: performance.now() }))
  child.stderr!.on('data', (chunk: Buffer) => (guest.errors += chunk.toString()))
  return guest
}

function report(guest: Guest): string {
  return JSON.stringify(
    { serial: guest.lines.slice(-20).map((l) => l.text), errors: guest.errors.slice(-2000) },
    null,
    1,
  )
}

/** Starts an image (or an application) on our own machine, by the command line that users type. */
export function startOnering(image: string, options: GuestOptions = {}): Guest {
  const forwards = (options.forwards ?? []).flatMap((f) => [
    '-p',
    `${f.host}:${f.guest}/${f.protocol ?? 'tcp'}`,
  ])
  const memory = options.memory ? ['--memory', options.memory] : []
  const args = ['dist/cli/main.js', 'run', image, ...forwards, ...memory, ...(options.args ?? [])]
  const startedAt = performance.now()
  return watch(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }), startedAt)
}

/** Starts an image on QEMU's own emulator, with the same devices. */
export function startQemu(image: string, options: GuestOptions = {}): Guest {
  const forwards = (options.forwards ?? []).map(
    (f) => `,hostfwd=${f.protocol ?? 'tcp'}:127.0.0.1:${f.host}-:${f.guest}`,
  )
  const args = [
    // On another vendor's processor SYSENTER does not exist in 64-bit mode.
    ['-accel', 'tcg', '-cpu', 'max,vendor=GenuineIntel', '-m', options.memory ?? '256M'],
    ['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-kernel', image],
    ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
    ['-netdev', `user,id=net${forwards.join('')}`, '-device', 'virtio-net-pci,netdev=net'],
    options.args ?? [],
  ].flat()
  const startedAt = performance.now()
  return watch(spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] }), startedAt)
}
