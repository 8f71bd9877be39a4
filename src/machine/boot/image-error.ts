/** An image that cannot be booted. `message` is one line: what is wrong, and what to do. */
export class ImageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ImageError'
  }
}
