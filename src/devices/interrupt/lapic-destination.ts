/** Whom a message is for, physically and logically (SDM vol. 3, 11.6.2 and 11.12.10). */

export interface LapicAddress {
  readonly id: number
  readonly isX2apic: boolean
  /** Logical Destination Register and Destination Format Register; x2APIC mode has neither, but an LDR that follows from the ID. */
  readonly ldr: number
  readonly dfr: number
}

/** The physical destination that every local APIC accepts. */
export function everyone(isX2apic: boolean): number {
  return isX2apic ? 0xffff_ffff : 0xff
}

/** LDR in x2APIC mode: cluster, and one bit in it. */
export function x2apicLdr(id: number): number {
  return (((id >>> 4) << 16) | (1 << (id & 0xf))) >>> 0
}

export function isAddressed(
  { id, isX2apic, ldr, dfr }: LapicAddress,
  destination: number,
  isLogical: boolean,
): boolean {
  if (!isLogical) return destination === id || destination === everyone(isX2apic)
  if (isX2apic) {
    const mine = x2apicLdr(id)
    const isSameCluster = destination >>> 16 === mine >>> 16
    return destination === 0xffff_ffff || (isSameCluster && (destination & mine & 0xffff) !== 0)
  }
  const mine = ldr >>> 24
  // The flat model has a bit for each APIC, the other one clusters of four.
  if (dfr >>> 28 === 0xf) return (destination & mine) !== 0
  return destination >> 4 === mine >> 4 && (destination & mine & 0xf) !== 0
}
