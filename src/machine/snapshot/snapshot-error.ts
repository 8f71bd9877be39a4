import { ImageError } from '../boot/image-error.ts'

/** A snapshot cannot be taken up: the message says in one line why, and what to do. */
export class SnapshotError extends ImageError {
  override name = 'SnapshotError'
}
