import { Machine } from '../../machine/machine.ts'
import type { MachineOptions, RestoreOptions } from '../../machine/machine-options.ts'
import { startDebugWorker } from './start-worker.ts'

/** Machines whose options have `debug`. */
export const DebuggedMachine = {
  create: (options: MachineOptions): Promise<Machine> => Machine.start(options, startDebugWorker),
  restore: (options: RestoreOptions): Promise<Machine> => Machine.resume(options, startDebugWorker),
}
