/** The kernel inside a bzImage: an ELF file that PVH boots without unpacking itself first. */
import { spawnSync } from 'node:child_process'

const SETUP_SECTS = 0x1f1
const PAYLOAD_OFFSET = 0x248
const PAYLOAD_LENGTH = 0x24c
const LENGTH_BYTES = 4

/** Unpacks it with `xz`, which is how Debian packs. */
export function extractVmlinux(bzImage: Uint8Array): Uint8Array {
  const view = new DataView(bzImage.buffer, bzImage.byteOffset, bzImage.byteLength)
  const start = (bzImage[SETUP_SECTS]! + 1) * 512 + view.getUint32(PAYLOAD_OFFSET, true)
  // The last bytes are the unpacked length.
  const end = start + view.getUint32(PAYLOAD_LENGTH, true) - LENGTH_BYTES
  const { stdout, status, stderr } = spawnSync('xz', ['-dc'], {
    input: bzImage.subarray(start, end),
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(`xz: ${stderr}`)
  return stdout
}
