/** Runs one application with its clients, all in guest time and in one thread: everything that is measured is exact. */
import { Computer } from '../../machine/computer.ts'
import { Control, createControl, STOP_REQUESTED, STOP_TIMEOUT } from '../../machine/control.ts'
import { loadCpuModules } from '../../machine/node/assets.ts'
import { Runner } from '../../machine/runner.ts'
import { type Counts, difference } from '../model.ts'
import type { Engine } from '../run.ts'
import { EventQueue } from './event-queue.ts'
import { Peer } from './peer.ts'
import type { Exchange, Script } from './scripts.ts'
import { Wire } from './wire.ts'

export interface Load {
  /** Connections, each with one request under way. */
  readonly clients: number
  readonly requests: number
  /** Requests before those that count. */
  readonly warmUp: number
  /** From one end of the wire to the other. */
  readonly wireNs: number
}

export interface AppMeasurement {
  /** Of one request. */
  readonly counts: Counts
  /** Guest time from a request's way onto the wire to the arrival of its answer's last byte, for each. */
  readonly latenciesNs: readonly number[]
  /** Guest time of all of them together. */
  readonly elapsedNs: number
}

const MEMORY: number = 64 << 20
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)
const SEED = 1
/** The guest has an address by then, and has made sure that nobody else has it. */
const START_NS = 20e9
/** Of host time. */
const TIMEOUT_MS = 120_000
const SLICE = 1_000_000

const modules = loadCpuModules()

/** @throws Error when the guest ends, gives a wrong answer or none */
export function runApp(image: Uint8Array, script: Script, load: Load, engine: Engine): AppMeasurement {
  const control = new Control(createControl())
  // Wire and events need the clock of a computer that needs the wire.
  const late: { wire?: Wire } = {}
  const wire = (): Wire => late.wire!
  const computer = new Computer({
    modules,
    memoryBytes: MEMORY,
    engine,
    seed: new Uint8Array(32).fill(SEED),
    epochMs: 0,
    serial: () => {},
    net: {
      mac: MAC,
      port: {
        transmit: (frame) => wire().transmit(frame),
        peek: () => wire().peek(),
        next: () => wire().next(),
      },
    },
  })
  const { board, clock, cpu } = computer
  const events = new EventQueue(clock)
  late.wire = new Wire(events, load.wireNs)
  wire().onArrival = () => board.net!.resume()
  const peer = new Peer(events, wire(), SEED)
  const meter = new Meter(
    load,
    () => cpu.counters(),
    () => control.requestStop(STOP_REQUESTED),
  )
  computer.load({ image })
  events.at(START_NS, () => {
    for (let n = 0; n < load.clients; n++) startClient(peer, events, script, meter, n === 0)
  })
  const startMs = performance.now()
  const exit = new Runner({
    board,
    clock,
    processor: cpu,
    control,
    maxInstructions: Infinity,
    slice: SLICE,
    idle: 'leap',
    poll: () => {
      if (performance.now() - startMs > TIMEOUT_MS) control.requestStop(STOP_TIMEOUT)
    },
    flush: () => {},
  }).run()
  if (meter.measurement === null)
    throw new Error(`${script.name}: not all requests were answered: ${exit.message}`)
  return meter.measurement
}

/** Counts answers, and between which of them the counters are read. */
class Meter {
  measurement: AppMeasurement | null = null
  readonly #load: Load
  readonly #counters: () => Counts
  readonly #done: () => void
  readonly #latenciesNs: number[] = []
  #answers = 0
  #begin: { readonly counts: Counts; readonly atNs: number } | null = null

  constructor(load: Load, counters: () => Counts, done: () => void) {
    this.#load = load
    this.#counters = counters
    this.#done = done
  }

  answered(latencyNs: number, nowNs: number): void {
    const { requests, warmUp } = this.#load
    this.#answers++
    if (this.#answers === warmUp) this.#begin = { counts: this.#counters(), atNs: nowNs }
    if (this.#begin === null || this.#answers <= warmUp || this.measurement !== null) return
    this.#latenciesNs.push(latencyNs)
    if (this.#answers < warmUp + requests) return
    this.measurement = {
      counts: difference(this.#counters(), this.#begin.counts, requests),
      latenciesNs: this.#latenciesNs,
      elapsedNs: nowNs - this.#begin.atNs,
    }
    this.#done()
  }
}

/** Asks, waits for the answer, asks again. */
function startClient(peer: Peer, events: EventQueue, script: Script, meter: Meter, isFirst: boolean): void {
  let n = 0
  let askedNs = 0
  let received = new Uint8Array(0)
  let exchange: Exchange = isFirst && script.first ? script.first : script.request(n)
  const ask = (): void => {
    askedNs = events.nowNs()
    send(exchange.request)
  }
  const send = peer.connect(
    {
      connected: ask,
      received: (bytes) => {
        const all = new Uint8Array(received.length + bytes.length)
        all.set(received)
        all.set(bytes, received.length)
        const length = exchange.answer(all)
        received = all.subarray(length)
        if (length === 0) return
        meter.answered(events.nowNs() - askedNs, events.nowNs())
        exchange = script.request(++n)
        ask()
      },
    },
    script.port,
  )
}
