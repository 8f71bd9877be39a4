/**
 * Only one machine may write an image. Node has no file locks, so a listening socket in Linux's abstract name space, named after the file,
 * stands for one: nothing is left behind when the process dies. Locks of other programs, QEMU's among them, are listed in /proc/locks.
 * Elsewhere than on Linux there is no protection.
 */
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { ImageError } from '../boot/image-error.ts'

/** Held until the process ends. Rejects with a ImageError when somebody else has the image. */
export async function lockImage(path: string): Promise<void> {
  if (process.platform !== 'linux') return
  const { dev, ino } = statSync(path, { bigint: true })
  if (isLockedByOthers(ino)) throw new ImageError(inUse(path))
  await new Promise<void>((resolve, reject) => {
    const server = createServer()
    server.unref()
    server.once('error', () => reject(new ImageError(inUse(path))))
    server.listen({ path: `\0onering-image-${dev}-${ino}` }, resolve)
  })
}

/** Lines look like `1: OFDLCK ADVISORY READ -1 08:01:1234 100 100`; device numbers differ between file systems and stat. */
function isLockedByOthers(inode: bigint): boolean {
  try {
    const locks = readFileSync('/proc/locks', 'latin1').split('\n')
    return locks.some((line) =>
      line.split(/\s+/).some((word) => /^\w+:\w+:\d+$/.test(word) && word.endsWith(`:${inode}`)),
    )
  } catch {
    return false
  }
}

function inUse(path: string): string {
  return `${path}: in use by another machine; stop that one, or add ,readonly to both`
}
