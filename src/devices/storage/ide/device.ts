import type { Stateful } from '../../device.ts'
import type { TaskFile } from './task-file.ts'

/** What a device can do to the channel that it hangs on. Each of these ends one step of a command. */
export interface ChannelPort {
  readonly file: TaskFile
  /** The command is done. */
  complete(): void
  /** The command has failed with these bits in the error register; `status` is added to ERR. */
  fail(error: number, status?: number): void
  /** Data for the host; when it has been read, `dataMoved` follows. */
  offer(bytes: Uint8Array): void
  /** Waits for so many bytes of the host, with an interrupt or without; then `dataMoved` follows. */
  accept(length: number, interrupt: boolean): void
  /** Waits for the bus master; then `runDma` follows. */
  waitForDma(): void
}

/** The bus master's list of places in memory, from its start. */
export interface DmaCursor {
  /** False: the list is at its end, or points outside RAM. */
  put(bytes: Uint8Array): boolean
  /** Null: as above. */
  take(length: number): Uint8Array | null
}

export interface IdeDevice extends Stateful<unknown> {
  /** LBA mid and high after a reset. */
  readonly signature: number
  /** Power-on, SRST or DEVICE RESET. */
  reset(): void
  execute(command: number, channel: ChannelPort): void
  /** The bytes that were offered have gone, or those that were asked for have come. */
  dataMoved(bytes: Uint8Array, channel: ChannelPort): void
  runDma(cursor: DmaCursor, channel: ChannelPort): void
}
