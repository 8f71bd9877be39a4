/** Changes of directories: make, link, rename, remove. */
import { FileError } from './file-tree.ts'
import { requireWritable } from './file-operations.ts'
import { T, UNLINK_DIRECTORY } from './messages.ts'
import { checkName, isDirectory, writeQid } from './path-operations.ts'
import type { Operation, Session } from './server.ts'
import type { MessageReader } from './codec.ts'

export const CHANGE_OPERATIONS: Readonly<Record<number, Operation>> = {
  [T.mkdir]: (session, request, answer) => {
    const path = readPath(session, request)
    session.tree.makeDirectory(path, request.u32())
    writeQid(answer, session.tree.stat(path))
  },

  [T.symlink]: (session, request, answer) => {
    const path = readPath(session, request)
    const target = request.text()
    if (target === '' || target.includes('\0')) throw new FileError('EINVAL')
    session.tree.makeSymlink(path, target)
    writeQid(answer, session.tree.stat(path))
  },

  [T.link]: (session, request) => {
    const directory = session.fids.get(request.u32()).path
    const existing = session.fids.get(request.u32()).path
    const path = [...directory, checkName(request.text())]
    requireWritable(session.tree)
    session.tree.makeLink(existing, path)
  },

  [T.rename]: (session, request) => {
    const from = session.fids.get(request.u32()).path
    rename(session, from, readPath(session, request))
  },

  [T.renameat]: (session, request) => {
    const from = readPath(session, request)
    rename(session, from, readPath(session, request))
  },

  [T.unlinkat]: (session, request) => {
    const path = readPath(session, request)
    session.tree.remove(path, (request.u32() & UNLINK_DIRECTORY) !== 0)
  },

  // The fid is gone in any case.
  [T.remove]: ({ tree, fids }, request) => {
    const fid = request.u32()
    const { path } = fids.get(fid)
    try {
      requireWritable(tree)
      if (path.length === 0) throw new FileError('EBUSY')
      tree.remove(path, isDirectory(tree.stat(path)))
    } finally {
      fids.drop(fid)
    }
  },
}

/** A directory's fid and a name in it, where something may be changed. */
function readPath({ tree, fids }: Session, request: MessageReader): string[] {
  const directory = fids.get(request.u32()).path
  const path = [...directory, checkName(request.text())]
  requireWritable(tree)
  return path
}

function rename({ tree, fids }: Session, from: readonly string[], to: readonly string[]): void {
  requireWritable(tree)
  if (from.length === 0) throw new FileError('EBUSY')
  tree.rename(from, to)
  fids.moved(from, to)
}
