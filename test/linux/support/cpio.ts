/** Archives in cpio's "newc" format, as Linux unpacks them (Documentation/driver-api/early-userspace/buffer-format.rst). */

export interface CpioEntry {
  /** Without a slash at the beginning. */
  readonly path: string
  /** File type and permissions, as in st_mode. */
  readonly mode: number
  /** Contents of a file, target of a symbolic link. */
  readonly data?: Uint8Array | string
  /** Numbers of a device. */
  readonly device?: readonly [major: number, minor: number]
}

const TRAILER = 'TRAILER!!!'
const ALIGN = 4

/** One archive of all entries; a folder has to stand before what is in it. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const chunks = [...entries, { path: TRAILER, mode: 0 }].flatMap(emitEntry)
  return new Uint8Array(Buffer.concat(chunks))
}

function emitEntry({ path, mode, data, device = [0, 0] }: CpioEntry, index: number): Buffer[] {
  const content = Buffer.from(data ?? '')
  const name = Buffer.from(`${path}\0`)
  // Inode, mode, uid, gid, links, mtime, size, device of the file, device that it is, length of the name, checksum.
  const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return [padded(Buffer.concat([header, name])), padded(content)]
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (ALIGN - 1))])
}
