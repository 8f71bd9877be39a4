/** What both versions of multiboot tell a kernel in the same words. */

export const LOADER_NAME = 'onering'

/** `framebuffer_type`: cells of character and attribute. */
export const FRAMEBUFFER_TEXT = 2

/** The text screen of a VGA after firmware: 80 × 25 cells of two bytes. */
export const TEXT_SCREEN = { base: 0xb_8000, pitch: 160, columns: 80, rows: 25, bitsPerCell: 16 } as const
