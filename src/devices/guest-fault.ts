/**
 * The guest broke the rules of a device. Thrown where it is noticed, caught where the device can answer (a virtio device sets
 * DEVICE_NEEDS_RESET); never reaches the CPU. `counter` is a literal, the name under which it is counted.
 */
export class GuestFault extends Error {
  readonly counter: string

  constructor(counter: string, message: string) {
    super(message)
    this.counter = counter
  }
}
