import { expect } from 'vitest'

/** Expects something of a value that may need a while to become so, on a busy machine too. */
export function eventually<T>(value: () => T, timeoutMs = 20_000): ReturnType<typeof expect.poll<T>> {
  return expect.poll(value, { timeout: timeoutMs, interval: 20 })
}
