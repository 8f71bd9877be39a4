/** onering as a library: `const machine = await Machine.create({ image }); machine.on('serial', …); await machine.run()`. */
import { Machine as AnyMachine } from './machine/machine.ts'
import type { MachineOptions, RestoreOptions } from './machine/machine-options.ts'
import { startNodeWorker } from './machine/node/start-worker.ts'

/** A machine whose processor runs in a worker thread of Node. */
export const Machine: {
  /** Puts a machine together and loads the image; see MachineOptions. */
  create(options: MachineOptions): Promise<AnyMachine>
  /** Puts a machine together that goes on from a snapshot; see RestoreOptions. */
  restore(options: RestoreOptions): Promise<AnyMachine>
} = {
  create: (options) => AnyMachine.start(options, startNodeWorker),
  restore: (options) => AnyMachine.resume(options, startNodeWorker),
}
export type Machine = AnyMachine

export type { MachineEvents } from './machine/machine.ts'
export type { MachineOptions, RestoreOptions, RunOptions } from './machine/machine-options.ts'
export type { KeyEvent } from './machine/keys.ts'
export { KEY_NAMES, type KeyName } from './devices/keyboard/scan-codes.ts'
export type { Share } from './machine/share.ts'
export type { Exit, ExitReason, Mark } from './machine/exit.ts'
export type { Drive, FileDrive, MemoryDrive } from './machine/drive.ts'
export { MODELS as CPU_MODELS, modelError, type CpuModel } from './cpu/cpuid/features.ts'
export type { LinuxEntry } from './machine/boot/linux/linux.ts'
export type { BootModule } from './machine/boot/boot.ts'
export { SnapshotError } from './machine/snapshot/snapshot-error.ts'
export { ImageError } from './machine/boot/image-error.ts'
export { type Screen, screenText, type TextScreen } from './devices/vga/screen.ts'
export * from './net/index.ts'
