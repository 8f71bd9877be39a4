/** One thing that is wrong in the user's program, at a place an editor can jump to. */
export interface Complaint {
  /** Path as the user would write it; absent where the fault has no place (no `main`, for instance). */
  readonly file?: string
  /** From 1. */
  readonly line?: number
  /** From 1. */
  readonly column?: number
  readonly message: string
}

/** The user's program does not compile or does not link. `message` has one line per complaint. */
export class ProgramError extends Error {
  override name = 'ProgramError'
  readonly complaints: readonly Complaint[]

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(formatComplaint).join('\n'))
    this.complaints = complaints
  }
}

/** `file:line:column: message`, as far as the place is known. */
export function formatComplaint({ file, line, column, message }: Complaint): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return place === '' ? message : `${place}: ${message}`
}
