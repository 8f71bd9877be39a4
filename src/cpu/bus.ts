/** The board as the processor sees it. Guest-physical addresses and ports are numbers; only 64-bit values are bigint. */
export interface CpuBus {
  /** `size` 1, 2 or 4; the value is unsigned. An access never crosses its natural alignment's page. */
  mmioRead(gpa: number, size: number): number
  mmioRead64(gpa: number): bigint
  mmioWrite(gpa: number, size: number, value: number): void
  mmioWrite64(gpa: number, value: bigint): void
  ioRead(port: number, size: number): number
  ioWrite(port: number, size: number, value: number): void
  /** Called when the processor takes the interrupt it was told of; gives the vector, 0 … 255. */
  acknowledgeInterrupt(): number
  /** x2APIC registers and IA32_APIC_BASE by MSR number. */
  apicRead(msr: number): bigint
  apicWrite(msr: number, value: bigint): void
  /** The processor drives FERR#; answers whether IGNNE# is asserted. A board without these wires leaves it out. */
  ferr?(asserted: boolean): boolean
  /** 64 bits of the machine's seeded generator, for RDRAND and RDSEED. */
  random(): bigint
}
