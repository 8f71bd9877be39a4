/** Finding files: attach, walk, clunk, and what needs only a path. */
import { type FileStat, FileError, type Path } from './file-tree.ts'
import { QID_DIRECTORY, QID_SYMLINK, S_IFDIR, S_IFLNK, S_IFMT, T } from './messages.ts'
import type { MessageWriter } from './codec.ts'
import type { Operation } from './server.ts'

/** The protocol allows no more names in one walk. */
const MAX_WALK = 16
const NAME_BYTES = 255

export const PATH_OPERATIONS: Readonly<Record<number, Operation>> = {
  [T.auth]: () => {
    throw new FileError('EOPNOTSUPP')
  },

  [T.attach]: ({ tree, fids }, request, answer) => {
    const fid = request.u32()
    fids.add(fid, [])
    writeQid(answer, tree.stat([]))
  },

  [T.walk]: ({ tree, fids }, request, answer) => {
    const [fid, newFid, count] = [request.u32(), request.u32(), request.u16()]
    if (count > MAX_WALK) throw new FileError('EINVAL')
    const names = Array.from({ length: count }, () => request.text())
    const start = fids.get(fid)
    if (start.file !== null || start.listing !== null) throw new FileError('EBADF')
    let { path } = start
    const stats: FileStat[] = []
    for (const name of names) {
      const next = step(path, name)
      try {
        // What is not a directory, a symbolic link among them, has nothing below it.
        if (!isDirectory(tree.stat(path))) throw new FileError('ENOTDIR')
        stats.push(tree.stat(next))
      } catch (error) {
        if (stats.length === 0) throw error
        break
      }
      path = next
    }
    // A walk that stops on the way tells how far it came, and makes no fid.
    if (stats.length === count) {
      if (newFid === fid) start.path = path
      else fids.add(newFid, path)
    }
    answer.u16(stats.length)
    for (const stat of stats) writeQid(answer, stat)
  },

  [T.clunk]: ({ fids }, request) => fids.drop(request.u32()),

  [T.readlink]: ({ tree, fids }, request, answer) => answer.text(tree.readLink(fids.get(request.u32()).path)),

  [T.statfs]: ({ tree, fids }, request, answer) => {
    fids.get(request.u32())
    const stat = tree.statFileSystem()
    answer.u32(0x0102_1997)
    answer.u32(stat.blockBytes)
    for (const value of [stat.blocks, stat.freeBlocks, stat.availableBlocks, stat.files, stat.freeFiles, 0n])
      answer.u64(value)
    answer.u32(NAME_BYTES)
  },
}

/** The path of `name` in the directory `path`. Nothing leads above the root. */
function step(path: Path, name: string): Path {
  return name === '..' ? path.slice(0, -1) : [...path, checkName(name)]
}

/** A name that can stand for nothing but one entry of a directory. */
export function checkName(name: string): string {
  if (name === '') throw new FileError('ENOENT')
  if (name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new FileError('EINVAL')
  if (new TextEncoder().encode(name).length > NAME_BYTES) throw new FileError('ENAMETOOLONG')
  return name
}

export function isDirectory(stat: { readonly mode: number }): boolean {
  return (stat.mode & S_IFMT) === S_IFDIR
}

export function qidType(mode: number): number {
  if ((mode & S_IFMT) === S_IFDIR) return QID_DIRECTORY
  return (mode & S_IFMT) === S_IFLNK ? QID_SYMLINK : 0
}

/** type[1] version[4] path[8]; the version changes with the file, so that a client may cache. */
export function writeQid(answer: MessageWriter, stat: FileStat): void {
  answer.u8(qidType(stat.mode))
  answer.u32(Number((stat.modifiedNs ^ (stat.sizeBytes << 8n)) & 0xffff_ffffn))
  answer.u64(stat.inode)
}
