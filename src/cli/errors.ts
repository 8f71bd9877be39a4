/** The user's mistake, in one line that says what is wrong and what to do. The command ends with status 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Exit statuses that scripts depend on; a guest's own status comes from port 0xf4 or is 0 after ACPI power-off. */
export const exitStatus = { ok: 0, usage: 2, timeout: 124, interrupted: 130 } as const

/** The one line for an error of any kind: its message, without a stack. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.trim()
}
