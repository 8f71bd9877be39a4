/** Attributes of files: getattr, setattr; extended attributes are refused. */
import { type AttributeChanges, FileError } from './file-tree.ts'
import { requireWritable } from './file-operations.ts'
import { GETATTR_BASIC, SETATTR, T } from './messages.ts'
import { writeQid } from './path-operations.ts'
import type { MessageReader, MessageWriter } from './codec.ts'
import type { Operation } from './server.ts'

const SECOND = 1_000_000_000n

const refuseXattr: Operation = () => {
  throw new FileError('EOPNOTSUPP')
}

export const ATTRIBUTE_OPERATIONS: Readonly<Record<number, Operation>> = {
  [T.getattr]: ({ tree, fids }, request, answer) => {
    const { path, file } = fids.get(request.u32())
    // An open file may have lost its name.
    const stat = file === null || file.handle < 0 ? tree.stat(path) : tree.statHandle(file.handle)
    answer.u64(GETATTR_BASIC)
    writeQid(answer, stat)
    for (const value of [stat.mode, stat.uid, stat.gid]) answer.u32(value)
    for (const value of [stat.links, stat.device, stat.sizeBytes, stat.blockBytes, stat.blocks])
      answer.u64(value)
    for (const time of [stat.accessedNs, stat.modifiedNs, stat.changedNs, 0n]) writeTime(answer, time)
    // Generation and data version.
    answer.u64(0n)
    answer.u64(0n)
  },

  [T.setattr]: ({ tree, fids }, request) => {
    const { path } = fids.get(request.u32())
    const valid = request.u32()
    const [mode, uid, gid] = [request.u32(), request.u32(), request.u32()]
    const sizeBytes = request.offset()
    const [accessed, modified] = [readTime(request), readTime(request)]
    requireWritable(tree)
    const changes: AttributeChanges = {
      ...(valid & SETATTR.mode ? { mode } : {}),
      ...(valid & SETATTR.uid ? { uid } : {}),
      ...(valid & SETATTR.gid ? { gid } : {}),
      ...(valid & SETATTR.size ? { sizeBytes } : {}),
      ...(valid & SETATTR.atime ? { accessedNs: valid & SETATTR.atimeSet ? accessed : 'now' } : {}),
      ...(valid & SETATTR.mtime ? { modifiedNs: valid & SETATTR.mtimeSet ? modified : 'now' } : {}),
    }
    tree.change(path, changes)
  },

  [T.xattrwalk]: refuseXattr,
  [T.xattrcreate]: refuseXattr,
}

function writeTime(answer: MessageWriter, ns: bigint): void {
  answer.u64(ns / SECOND)
  answer.u64(ns % SECOND)
}

function readTime(request: MessageReader): bigint {
  return request.u64() * SECOND + request.u64()
}
