import { compileGuest, type GuestRuntime } from './compile.ts'

type Fn = (...args: number[]) => number
/** The guest's exports; handles are addresses. Unsigned results come back signed: use `>>> 0`. */
export type GuestExports = Record<string, Fn> & { memory: WebAssembly.Memory }

export interface HostCalls {
  now(): number
  transmit(context: number, frame: Uint8Array): boolean
  ready(owner: number, readiness: number): void
  pending(context: number, pending: number): void
  cancel(context: number, pending: number): void
  datagram(context: number, from: number[], payload: Uint8Array): boolean
  resolved(context: number, status: number, addresses: number[]): void
  dhcp(context: number, client: number): void
}

/** A wasm instance of the stack, with an eye on its memory. */
export class Guest {
  readonly call: GuestExports
  /** Live blocks by address, with the strict runtime. */
  readonly live: Map<number, number> = new Map<number, number>()
  liveBytes = 0
  peakBytes = 0
  allocations = 0
  readonly staging: number
  readonly stagingBytes = 1 << 17

  constructor(module: WebAssembly.Module, host: HostCalls) {
    const instance = new WebAssembly.Instance(module, {
      env: {
        abort: (_message: number, file: number, line: number, column: number) => {
          throw new Error(`guest aborted in ${this.#text(file)}:${line}:${column}`)
        },
      },
      host: {
        hostNow: () => host.now(),
        hostTransmit: (context: number, at: number, length: number) =>
          host.transmit(context, this.read(at, length)) ? 1 : 0,
        hostReady: (owner: number, readiness: number) => host.ready(owner, readiness),
        hostPending: (context: number, pending: number) => host.pending(context, pending),
        hostCancel: (context: number, pending: number) => host.cancel(context, pending),
        hostDatagram: (c: number, s: number, sp: number, d: number, dp: number, at: number, length: number) =>
          host.datagram(c, [s >>> 0, sp, d >>> 0, dp], this.read(at, length)) ? 1 : 0,
        hostResolved: (context: number, status: number, at: number, count: number) =>
          host.resolved(
            context,
            status,
            Array.from({ length: count }, (_, i) => this.view().getUint32(at + 4 * i, true)),
          ),
        hostDhcp: (context: number, client: number) => host.dhcp(context, client),
      },
      'strict-runtime': {
        hostAlloc: (address: number, size: number) => {
          this.live.set(address, size)
          this.liveBytes += size
          this.allocations++
          if (this.liveBytes > this.peakBytes) this.peakBytes = this.liveBytes
        },
        hostFree: (address: number) => {
          const size = this.live.get(address)
          if (size === undefined) throw new Error(`freed twice, or never allocated: ${address}`)
          this.live.delete(address)
          this.liveBytes -= size
        },
      },
    })
    this.call = instance.exports as GuestExports
    this.staging = this.call.alloc!(this.stagingBytes)
  }

  static async load(runtime: GuestRuntime, host: HostCalls): Promise<Guest> {
    return new Guest(new WebAssembly.Module(await compileGuest(runtime)), host)
  }

  /** A copy of guest memory. */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.call.memory.buffer as ArrayBuffer, address, length).slice()
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.call.memory.buffer, address, bytes.length).set(bytes)
  }

  view(): DataView {
    return new DataView(this.call.memory.buffer)
  }

  /** Puts bytes into the staging area; its address. */
  stage(bytes: Uint8Array): number {
    this.write(this.staging, bytes)
    return this.staging
  }

  #text(address: number): string {
    const length = this.view().getUint32(address - 4, true)
    return new TextDecoder('utf-16le').decode(this.read(address, length))
  }
}
