/** Ends the machine. Status 0 is an orderly power-off; any other goes to the exit port that QEMU and we have. */
import { cli, hlt, out16, out32, pause, rdtsc } from '../lib/cpu'
import { powerOffPort, powerOffValue } from '../bus/acpi'

const EXIT_PORT: u32 = 0xf4

/** A machine may take a moment to act on the request; one that ignores it gets this many ticks. */
const PATIENCE: u64 = 3_000_000_000

function powerOff(): void {
  if (powerOffPort() == 0) return
  out16(powerOffPort(), powerOffValue())
  const end = rdtsc() + PATIENCE
  while (rdtsc() < end) pause()
}

/** Does not return. Where neither ACPI nor the exit port is there, the processor halts for good. */
export function exitMachine(status: u32): void {
  cli()
  if (status == 0) powerOff()
  out32(EXIT_PORT, status)
  powerOff()
  while (true) hlt()
}
