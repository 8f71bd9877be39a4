/** A folder that a guest may mount. */
export interface Share {
  /** The folder on the host. Needs a host with files. */
  readonly path: string
  /** The name by which the guest mounts it, 1 to 31 characters. */
  readonly tag: string
  /** Default: the guest may only read. */
  readonly writable?: boolean
}
