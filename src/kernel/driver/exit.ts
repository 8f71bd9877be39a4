/** Ends the machine. Status 0 is an orderly power-off; any other goes to the exit port that QEMU and we have. */
import { cli, hlt, out16, out32 } from '../lib/cpu'
import { powerOffPort, powerOffValue } from '../bus/acpi'

const EXIT_PORT: u32 = 0xf4

function powerOff(): void {
  if (powerOffPort() != 0) out16(powerOffPort(), powerOffValue())
}

/** Does not return. Where neither ACPI nor the exit port is there, the processor halts for good. */
export function exitMachine(status: u32): void {
  cli()
  if (status == 0) powerOff()
  out32(EXIT_PORT, status)
  powerOff()
  while (true) hlt()
}
