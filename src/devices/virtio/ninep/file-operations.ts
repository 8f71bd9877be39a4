/** Open files and directories: open, create, read, write, list, sync, lock. */
import { FileError, type OpenMode } from './file-tree.ts'
import {
  LOCK_SUCCESS,
  LOCK_UNLOCKED,
  O_ACCESS,
  O_APPEND,
  O_EXCL,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  T,
} from './messages.ts'
import { checkName, isDirectory, qidType, writeQid } from './path-operations.ts'
import type { Operation } from './server.ts'

/** qid[13] offset[8] type[1] length[2] before each name of a listing. */
const ENTRY_BYTES = 24

export const FILE_OPERATIONS: Readonly<Record<number, Operation>> = {
  [T.lopen]: ({ tree, fids }, request, answer) => {
    const fid = fids.get(request.u32())
    const mode = parseMode(request.u32())
    const stat = tree.stat(fid.path)
    if (isDirectory(stat)) {
      if (mode.write) throw new FileError('EISDIR')
      fids.openDirectory(fid, () => tree.list(fid.path))
    } else {
      if (mode.write || mode.truncate) requireWritable(tree)
      fids.openFile(fid, mode, () => tree.open(fid.path, mode))
    }
    writeQid(answer, stat)
    answer.u32(0)
  },

  [T.lcreate]: ({ tree, fids }, request, answer) => {
    const fid = fids.get(request.u32())
    const path = [...fid.path, checkName(request.text())]
    const flags = request.u32()
    const permissions = request.u32()
    requireWritable(tree)
    const mode = { ...parseMode(flags), exclusive: (flags & O_EXCL) !== 0 }
    fids.openFile(fid, mode, () => tree.create(path, mode, permissions))
    fid.path = path
    writeQid(answer, tree.stat(path))
    answer.u32(0)
  },

  [T.read]: ({ tree, fids }, request, answer) => {
    const handle = fids.handle(request.u32(), 'read')
    const offset = request.offset()
    const count = Math.min(request.u32(), answer.room - 4)
    const at = answer.length + 4
    const got = tree.read(handle, offset, answer.buffer.subarray(at, at + count))
    answer.u32(got)
    answer.skip(got)
  },

  [T.write]: ({ tree, fids }, request, answer) => {
    const handle = fids.handle(request.u32(), 'write')
    const offset = request.offset()
    answer.u32(tree.write(handle, offset, request.bytes(request.u32())))
  },

  [T.readdir]: ({ tree, fids }, request, answer) => {
    const fid = fids.get(request.u32())
    const offset = request.offset()
    const room = Math.min(request.u32(), answer.room - 4)
    if (fid.listing === null) throw new FileError('EBADF')
    const self = tree.stat(fid.path)
    const parent = tree.stat(fid.path.slice(0, -1))
    const entries = [
      { name: '.', inode: self.inode, mode: S_IFDIR },
      { name: '..', inode: parent.inode, mode: S_IFDIR },
      ...fid.listing,
    ]
    const start = answer.length
    answer.u32(0)
    for (let i = offset; i < entries.length; i++) {
      const { name, inode, mode } = entries[i]!
      if (answer.length - start - 4 + ENTRY_BYTES + new TextEncoder().encode(name).length > room) break
      answer.u8(qidType(mode))
      answer.u32(0)
      answer.u64(inode)
      answer.u64(BigInt(i + 1))
      answer.u8((mode & S_IFMT) >> 12)
      answer.text(name)
    }
    new DataView(answer.buffer.buffer).setUint32(start, answer.length - start - 4, true)
  },

  [T.fsync]: ({ tree, fids }, request) => {
    const { file } = fids.get(request.u32())
    if (file !== null && file.mode.write) tree.sync(file.handle)
  },

  // The guest is the only one that asks us for locks, and keeps them among its own processes.
  [T.lock]: ({ fids }, request, answer) => {
    fids.get(request.u32())
    answer.u8(LOCK_SUCCESS)
  },

  [T.getlock]: ({ fids }, request, answer) => {
    fids.get(request.u32())
    request.u8()
    answer.u8(LOCK_UNLOCKED)
    answer.u64(request.u64())
    answer.u64(request.u64())
    answer.u32(request.u32())
    answer.text(request.text())
  },

  [T.mknod]: ({ tree, fids }, request, answer) => {
    const fid = fids.get(request.u32())
    const path = [...fid.path, checkName(request.text())]
    const mode = request.u32()
    requireWritable(tree)
    // Devices, pipes and sockets of the host are not for the guest to make.
    if ((mode & S_IFMT) !== S_IFREG) throw new FileError('EPERM')
    const write = { read: false, write: true, append: false, truncate: false, exclusive: true }
    tree.close(tree.create(path, write, mode))
    writeQid(answer, tree.stat(path))
  },
}

export function requireWritable(tree: { readonly isReadOnly: boolean }): void {
  if (tree.isReadOnly) throw new FileError('EROFS')
}

function parseMode(flags: number): OpenMode {
  const access = flags & O_ACCESS
  return {
    read: access !== O_WRONLY,
    write: access === O_WRONLY || access === O_RDWR,
    append: (flags & O_APPEND) !== 0,
    truncate: (flags & O_TRUNC) !== 0,
  }
}
