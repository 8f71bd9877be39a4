/** Feature bits and device types (virtio 1.2, sections 5 and 6). */
export const INDIRECT_DESC: bigint = 1n << 28n
export const EVENT_IDX: bigint = 1n << 29n
export const VERSION_1: bigint = 1n << 32n
export const RING_PACKED: bigint = 1n << 34n
export const RING_RESET: bigint = 1n << 40n

/** Requests are used in the order in which they became available: all our devices do that anyway. */
export const IN_ORDER: bigint = 1n << 35n
/** A notification carries a position in the ring beside the queue's number; we look into the ring itself. */
export const NOTIFICATION_DATA: bigint = 1n << 38n
/** Legacy only: requests may be cut into descriptors anywhere. */
export const ANY_LAYOUT: bigint = 1n << 27n

/** What the transport and the queues can do for every device. */
export const COMMON_FEATURES: bigint =
  INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_PACKED | IN_ORDER | NOTIFICATION_DATA | RING_RESET
export const LEGACY_FEATURES: bigint = ANY_LAYOUT | INDIRECT_DESC | EVENT_IDX

export const TYPE_NET = 1
export const TYPE_BLOCK = 2
export const TYPE_CONSOLE = 3
export const TYPE_RNG = 4
export const TYPE_9P = 9

/** Bits of the device status register (2.1). */
export const STATUS_ACKNOWLEDGE = 1
export const STATUS_DRIVER = 2
export const STATUS_DRIVER_OK = 4
export const STATUS_FEATURES_OK = 8
export const STATUS_NEEDS_RESET = 64
export const STATUS_FAILED = 128
