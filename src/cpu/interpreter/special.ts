/** Handlers that no row stands behind, in the order of their indexes in the table. */
export const specialHandlers = [
  'none',
  'stop',
  'continue',
  'continue-far',
  'continue-far-legacy',
  'guard',
  'undefined',
  'no-device',
  'too-long',
] as const
export type SpecialHandler = (typeof specialHandlers)[number]

/** Custom section with the keys of all handlers, one a line, in the order of the table. */
export const HANDLER_SECTION = 'handlers'
