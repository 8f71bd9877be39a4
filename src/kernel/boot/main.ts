/** Kernel main: from long mode on the boot stack to the application's first thread. The order is the reading order. */
import { sti } from '../lib/cpu'
import { initAcpi } from '../bus/acpi'
import { initEntropy } from '../driver/entropy'
import { initLocalApic } from '../driver/local-apic'
import { initNetwork } from '../driver/network'
import { initSerial } from '../driver/serial'
import { initAddressSpace } from '../mm/address-space'
import { fillReserve } from '../mm/reserve'
import { initClock } from '../task/clock'
import { setCriticalDepth } from '../task/critical'
import { endThread, initScheduler } from '../task/scheduler'
import { newBootThread, spawnMain } from '../task/threads'
import { initDescriptors } from '../trap/descriptors'
import { acpiRoot, initMemory, readLoader } from './memory-map'

/**
 * Called by the boot entry with interrupts off. `protocol` is 0 for PVH, 1 for multiboot; `info` is the physical
 * address of what the loader says. Does not return.
 */
export function kernelMain(protocol: u32, info: usize): void {
  setCriticalDepth(1)
  initSerial()
  readLoader(protocol, info)
  initAcpi(acpiRoot())
  initMemory()
  initAddressSpace()
  initDescriptors()
  initClock()
  initLocalApic()
  initEntropy()
  initScheduler(newBootThread())
  fillReserve()
  initNetwork()
  sti()
  const status = spawnMain()
  assert(status > 0, 'no memory for the first thread')
  endThread()
}
