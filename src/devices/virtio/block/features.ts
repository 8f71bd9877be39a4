/** Feature bits of the block device that we implement (virtio 1.2, 5.2.3). */
export const SEG_MAX: bigint = 1n << 2n
export const GEOMETRY: bigint = 1n << 4n
export const RO: bigint = 1n << 5n
export const BLK_SIZE: bigint = 1n << 6n
export const FLUSH: bigint = 1n << 9n
export const TOPOLOGY: bigint = 1n << 10n
export const CONFIG_WCE: bigint = 1n << 11n
export const MQ: bigint = 1n << 12n
export const DISCARD: bigint = 1n << 13n
export const WRITE_ZEROES: bigint = 1n << 14n

/** What every disk has. */
export const BLOCK_FEATURES: bigint = SEG_MAX | GEOMETRY | BLK_SIZE | FLUSH | TOPOLOGY | CONFIG_WCE
/** What only makes sense on a disk that can be written. */
export const WRITABLE_FEATURES: bigint = DISCARD | WRITE_ZEROES
