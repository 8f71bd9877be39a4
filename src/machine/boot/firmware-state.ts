/**
 * What a PC's firmware leaves behind for an image that it starts, and that some images rely on: interrupt vectors of real mode, the 8259 pair with its
 * usual vectors, and the 8254's channel 0 at 18.2 Hz on interrupt 0, the only one that is open. Interrupts are off until the image turns them on.
 */
import type { GuestMemory } from '../../devices/guest-memory.ts'
import { PIC_SETUP, writeBiosServices } from './bios-services.ts'

const OPEN_TIMER: readonly (readonly [port: number, value: number])[] = [
  [0x43, 0x36],
  [0x40, 0],
  [0x40, 0],
  [0x21, 0xfe],
]

/** `write` is an access to a port of the board. */
export function leaveAsFirmware(
  memory: GuestMemory,
  ramBytes: number,
  write: (port: number, size: number, value: number) => void,
): void {
  writeBiosServices(memory, ramBytes, { cs: 0, ip: 0, data: 0, sp: 0 })
  for (const [port, value] of [...PIC_SETUP, ...OPEN_TIMER]) write(port, 1, value)
}
