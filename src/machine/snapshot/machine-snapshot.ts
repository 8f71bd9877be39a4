/** A snapshot of a whole machine: what it is made of, and its state. */
import type { ComputerState } from '../computer.ts'
import type { Drive } from '../drive.ts'
import type { HardwareConfig } from '../protocol.ts'
import { packSnapshot, unpackSnapshot } from './container.ts'
import { SnapshotError } from './snapshot-error.ts'

export interface MachineSnapshot {
  readonly hardware: HardwareConfig
  readonly state: ComputerState
}

/** The bytes of a file. */
export function packMachine({ hardware, state }: MachineSnapshot): Promise<Uint8Array> {
  // What is on a disk in memory is in the state.
  const drives = hardware.drives.map((drive) =>
    'data' in drive ? { ...drive, data: new Uint8Array(0) } : drive,
  )
  return packSnapshot({ hardware: { ...hardware, drives }, state })
}

/** `drives` take the place of the machine's own, one for one. Rejects with a SnapshotError. */
export async function unpackMachine(file: Uint8Array, drives?: readonly Drive[]): Promise<MachineSnapshot> {
  const { hardware, state } = (await unpackSnapshot(file)) as MachineSnapshot
  if (drives !== undefined && drives.length !== hardware.drives.length)
    throw new SnapshotError(
      `the machine in the snapshot has ${hardware.drives.length} drives, not ${drives.length}`,
    )
  const filled = (drives ?? hardware.drives).map((drive, i) =>
    'data' in drive ? { ...drive, data: state.media[i] as Uint8Array } : drive,
  )
  return { hardware: { ...hardware, drives: filled }, state }
}
