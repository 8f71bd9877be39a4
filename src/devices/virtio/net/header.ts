/** `struct virtio_net_hdr` (virtio 1.2, 5.1.6): twelve bytes before every frame. */
export const HEADER_BYTES = 12
/** A legacy driver without MRG_RXBUF leaves the last field out (5.1.6.1). */
export const LEGACY_HEADER_BYTES = 10

export const FLAG_NEEDS_CSUM = 1
export const FLAG_DATA_VALID = 2

export const GSO_NONE = 0
export const GSO_TCPV4 = 1
export const GSO_TCPV6 = 4
/** Set beside the type when the sender uses ECN. */
export const GSO_ECN = 0x80

export interface NetHeader {
  readonly flags: number
  readonly gsoType: number
  /** Length of all headers, Ethernet to TCP; a hint only. */
  readonly headerBytes: number
  /** Payload bytes in one segment. */
  readonly gsoSize: number
  readonly csumStart: number
  readonly csumOffset: number
}

/** Reads the header at the start of `bytes`, which has at least LEGACY_HEADER_BYTES. */
export function parseHeader(bytes: Uint8Array): NetHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return {
    flags: view.getUint8(0),
    gsoType: view.getUint8(1),
    headerBytes: view.getUint16(2, true),
    gsoSize: view.getUint16(4, true),
    csumStart: view.getUint16(6, true),
    csumOffset: view.getUint16(8, true),
  }
}

/** Writes the header of a received frame, HEADER_BYTES, into `bytes`. */
export function emitReceiveHeader(bytes: Uint8Array, isValid: boolean, buffers: number): void {
  bytes.fill(0, 0, HEADER_BYTES)
  bytes[0] = isValid ? FLAG_DATA_VALID : 0
  bytes[10] = buffers & 0xff
  bytes[11] = buffers >> 8
}
