/** Computers for tests in one thread. */
import { Computer, type ComputerOptions } from '../../../src/machine/computer.ts'
import { loadCpuModules } from '../../../src/machine/node/assets.ts'

const modules = loadCpuModules()

/** A computer whose inputs are all fixed: its randomness, the time at which it starts, 16 MiB of RAM; unless `options` say otherwise. Nobody hears its serial port. */
export function fixedComputer(options: Partial<ComputerOptions> = {}): Computer {
  return new Computer({
    modules,
    memoryBytes: 16 << 20,
    seed: new Uint8Array(32),
    epochMs: 0,
    serial: () => {},
    ...options,
  })
}
