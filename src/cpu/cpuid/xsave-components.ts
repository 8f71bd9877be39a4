/** The components of extended state beyond x87 and SSE, and where XSAVE puts them. SDM volume 1, 13.4. */

export interface Component {
  /** Its bit in XCR0 or IA32_XSS. */
  readonly number: number
  readonly bytes: number
  /** In the standard format; 0 for supervisor state, which has none. */
  readonly offset: number
  /** Enabled by IA32_XSS instead of XCR0. */
  readonly supervisor: boolean
  /** Starts at a multiple of 64 bytes in the compacted format. */
  readonly aligned: boolean
}

/** Bytes of the legacy area and the XSAVE header. */
export const LEGACY_AREA = 576

const components: readonly Component[] = [
  // The upper halves of YMM0 … YMM15.
  { number: 2, bytes: 256, offset: 576, supervisor: false, aligned: false },
  // PKRU.
  { number: 9, bytes: 8, offset: 2688, supervisor: false, aligned: false },
]

/** Those whose bit is set. */
export function componentsOf(mask: bigint): Component[] {
  return components.filter(({ number }) => (mask >> BigInt(number)) & 1n)
}

/** Bytes of an area in the standard format that holds the components of `mask`. */
export function standardSize(mask: bigint): number {
  return componentsOf(mask).reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), LEGACY_AREA)
}
