/** One session of a 9P2000.L file server: a request's bytes in, an answer's bytes out. */
import type { Stateful } from '../../device.ts'
import { MessageReader, MessageWriter } from './codec.ts'
import { Fids, type FidState } from './fids.ts'
import { FileError, type FileTree } from './file-tree.ts'
import { HEADER_BYTES, RLERROR, T, VERSION } from './messages.ts'
import { ATTRIBUTE_OPERATIONS } from './attribute-operations.ts'
import { CHANGE_OPERATIONS } from './change-operations.ts'
import { FILE_OPERATIONS } from './file-operations.ts'
import { PATH_OPERATIONS } from './path-operations.ts'

/** The longest message we agree to. */
export const MAX_MESSAGE_BYTES: number = 512 * 1024
const MIN_MESSAGE_BYTES = 4096
const RLERROR_BYTES: number = HEADER_BYTES + 4

export interface Session {
  readonly tree: FileTree
  readonly fids: Fids
}

/** Carries one kind of request out: reads its fields, writes those of the answer. Throws a FileError that becomes the answer. */
export type Operation = (session: Session, request: MessageReader, answer: MessageWriter) => void

export interface ServerState {
  messageBytes: number
  fids: FidState[]
}

const OPERATIONS: Readonly<Record<number, Operation>> = {
  ...PATH_OPERATIONS,
  ...FILE_OPERATIONS,
  ...ATTRIBUTE_OPERATIONS,
  ...CHANGE_OPERATIONS,
  // Requests are answered one by one: there is nothing left to flush.
  [T.flush]: () => {},
}

export class FileServer implements Stateful<ServerState> {
  readonly #session: Session
  #messageBytes = MAX_MESSAGE_BYTES

  constructor(tree: FileTree) {
    this.#session = { tree, fids: new Fids(tree) }
  }

  /** Answers `request`, of at least HEADER_BYTES, within `room` bytes; null when not even an error fits in there. */
  handle(request: Uint8Array, room: number): Uint8Array | null {
    const limit = Math.min(room, this.#messageBytes)
    if (limit < RLERROR_BYTES) return null
    const buffer = new Uint8Array(limit)
    const answer = new MessageWriter(buffer, HEADER_BYTES)
    const header = new MessageReader(request, 0)
    const bytes = header.u32()
    const type = header.u8()
    const tag = header.u16()
    try {
      if (bytes > request.length || bytes < HEADER_BYTES) throw new FileError('EPROTO')
      const fields = new MessageReader(request.subarray(0, bytes), HEADER_BYTES)
      if (type === T.version) this.#agree(fields, answer)
      else this.#operation(type)(this.#session, fields, answer)
      return finish(answer, type + 1, tag)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      const failure = new MessageWriter(buffer, HEADER_BYTES)
      failure.u32(error.errno)
      return finish(failure, RLERROR, tag)
    }
  }

  reset(): void {
    this.#session.fids.clear()
    this.#messageBytes = MAX_MESSAGE_BYTES
  }

  save(): ServerState {
    return { messageBytes: this.#messageBytes, fids: this.#session.fids.save() }
  }

  load(state: ServerState): void {
    this.#messageBytes = state.messageBytes
    this.#session.fids.load(state.fids)
  }

  #operation(type: number): Operation {
    const operation = OPERATIONS[type]
    if (operation === undefined) throw new FileError('EOPNOTSUPP')
    return operation
  }

  /** Tversion starts a new session. */
  #agree(request: MessageReader, answer: MessageWriter): void {
    const wanted = request.u32()
    const version = request.text()
    if (wanted < MIN_MESSAGE_BYTES) throw new FileError('EINVAL')
    this.reset()
    this.#messageBytes = Math.min(wanted, MAX_MESSAGE_BYTES)
    answer.u32(this.#messageBytes)
    answer.text(version === VERSION ? VERSION : 'unknown')
  }
}

function finish(answer: MessageWriter, type: number, tag: number): Uint8Array {
  const message = answer.buffer.subarray(0, answer.length)
  const view = new DataView(message.buffer, message.byteOffset)
  view.setUint32(0, message.length, true)
  view.setUint8(4, type)
  view.setUint16(5, tag, true)
  return message
}
