/** A whole machine in one thread: processor, board, image, loop. What the worker runs, and what tests drive step by step. */
import type { CpuBus } from '../cpu/bus.ts'
import { Cpu, type CpuState } from '../cpu/cpu.ts'
import type { Engine } from '../cpu/run-loop.ts'
import { BlockError } from '../devices/storage/block-backend.ts'
import type { CpuModel } from '../cpu/cpuid/features.ts'
import { readWakingVector, writeAcpiTables } from './acpi/tables.ts'
import type { BoardOptions } from './board-options.ts'
import { Board } from './board.ts'
import { boot, type BootModule } from './boot/boot.ts'
import { leaveAsFirmware } from './boot/firmware-state.ts'
import { Clock } from './clock.ts'
import { stopFor } from './exit.ts'
import { start } from './boot/start.ts'
import type { LinuxEntry } from './boot/linux/linux.ts'
import { ramRanges } from './memory-map.ts'
import { loadPages, savePages, type SparsePages } from './snapshot/pages.ts'
import { SnapshotError } from './snapshot/snapshot-error.ts'

/** The processor's compiled modules: `build/interpreter.wasm` and `build/cpu-helpers.wasm`. */
export interface CpuModules {
  readonly interpreter: WebAssembly.Module
  readonly helpers: WebAssembly.Module
}

export interface ComputerOptions extends Omit<BoardOptions, 'clock' | 'ram' | 'ramRanges' | 'processor'> {
  readonly modules: CpuModules
  /** A multiple of 4096. */
  readonly memoryBytes: number
  /** How instructions are executed; the guest cannot tell. Default: `auto`. */
  readonly engine?: Engine | undefined
  readonly cpu?: CpuModel | undefined
}

export interface ComputerImage {
  readonly image: Uint8Array
  readonly cmdline?: string
  readonly modules?: readonly BootModule[]
  readonly linuxEntry?: LinuxEntry | undefined
}

/** Everything that a machine is, but for what is on its wires and in the files behind its disks. Plain data. */
export interface ComputerState {
  cpu: CpuState
  board: Record<string, unknown>
  media: unknown[]
  ram: SparsePages
}

export class Computer {
  readonly cpu: Cpu
  readonly clock: Clock
  readonly board: Board
  readonly #memoryBytes: number
  readonly #hasBios: boolean

  constructor(options: ComputerOptions) {
    const { modules, memoryBytes, engine } = options
    this.#memoryBytes = memoryBytes
    this.#hasBios = options.bios !== undefined
    // Processor and board each need the other; the board is there before the first instruction is.
    const bus: CpuBus = {
      mmioRead: (gpa, size) => this.board.mmioRead(gpa, size),
      mmioRead64: (gpa) => this.board.mmioRead64(gpa),
      mmioWrite: (gpa, size, value) => this.board.mmioWrite(gpa, size, value),
      mmioWrite64: (gpa, value) => this.board.mmioWrite64(gpa, value),
      ioRead: (port, size) => this.board.ioRead(port, size),
      ioWrite: (port, size, value) => this.board.ioWrite(port, size, value),
      acknowledgeInterrupt: () => this.board.acknowledgeInterrupt(),
      apicRead: (msr) => this.board.apicRead(msr),
      apicWrite: (msr, value) => this.board.apicWrite(msr, value),
      ferr: (asserted) => this.board.coprocessorError.drive(asserted),
      random: () => this.board.random(),
    }
    const cpu = new Cpu({
      ...modules,
      bus,
      ramSize: memoryBytes,
      model: options.cpu,
      ...(engine ? { engine } : {}),
    })
    this.cpu = cpu
    this.clock = new Clock(() => cpu.retired)
    this.clock.onHalted = (ns) => cpu.addHalted(ns)
    const { buffer, ramOffset } = cpu.memory
    this.board = new Board({
      ...options,
      clock: this.clock,
      ram: buffer,
      ramRanges: ramRanges(memoryBytes, ramOffset),
      processor: cpu,
    })
  }

  /** A machine with a BIOS starts again, with time going on and RAM as it is. */
  reset(): void {
    this.board.reset()
    this.cpu.restart()
  }

  /** A machine that slept goes on: with a BIOS from its reset vector, else where the FACS says (ACPI 6.5, 16.3). */
  resume(): void {
    const vector = readWakingVector(this.board.memory)
    this.board.resume()
    this.cpu.restart()
    if (this.#hasBios) return
    if (vector === 0)
      this.board.stop(
        stopFor('reset', 'the guest slept without saying where to go on: the FACS has no waking vector'),
      )
    else
      start(this.cpu, {
        protocol: 'wake',
        mode: 'real',
        codeSegment: (vector >>> 4) & 0xffff,
        entry: vector & 0xf,
      })
  }

  /** Puts an image into memory and the processor at its entry. Throws an ImageError when it cannot be booted. */
  load({ image, cmdline, modules, linuxEntry }: ComputerImage): void {
    const { memory } = this.board
    const state = boot({
      image,
      memory,
      ramBytes: this.#memoryBytes,
      cmdline: cmdline ?? '',
      modules: modules ?? [],
      rsdpGpa: writeAcpiTables(memory, 1),
      linuxEntry,
    })
    if (state.protocol === 'multiboot')
      leaveAsFirmware(memory, this.#memoryBytes, (port, size, value) => this.board.ioWrite(port, size, value))
    start(this.cpu, state)
  }

  /** Between two runs only. */
  save(): ComputerState {
    const { board, cpu } = this
    return { cpu: cpu.save(), board: board.save(), media: board.saveMedia(), ram: savePages(cpu.ram) }
  }

  /** Takes up a saved state, on a computer that was put together from the same options. Throws a SnapshotError when that cannot be. */
  restore(state: ComputerState): void {
    const { board, cpu } = this
    try {
      board.loadMedia(state.media)
      loadPages(cpu.ram, state.ram)
      cpu.load(state.cpu)
      board.load(state.board)
      // Once more: devices pull at the processor's lines while they load.
      cpu.load(state.cpu)
    } catch (error) {
      if (error instanceof SnapshotError) throw error
      if (error instanceof BlockError) throw new SnapshotError(error.message)
      throw new SnapshotError(
        `the snapshot does not fit this version of onering (${(error as Error).message})`,
      )
    }
  }
}
