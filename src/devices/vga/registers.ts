/** The registers of a VGA (IBM VGA reference; Intel's Graphics Controller manuals), by their indexes, and the ports that they are at. */

export const VGA_PORT = 0x3b0
export const VGA_PORTS = 0x30

/** Offsets from 0x3b0. The CRT controller is at one of two places, by MISC bit 0. */
export const CRTC_MONO = 0x04
export const STATUS_MONO = 0x0a
export const ATTRIBUTE = 0x10
export const ATTRIBUTE_READ = 0x11
export const MISC_WRITE = 0x12
export const SEQUENCER = 0x14
export const PEL_MASK = 0x16
export const DAC_READ_INDEX = 0x17
export const DAC_WRITE_INDEX = 0x18
export const DAC_DATA = 0x19
export const MISC_READ = 0x1c
export const GRAPHICS = 0x1e
export const CRTC_COLOR = 0x24
export const STATUS_COLOR = 0x2a

export const MISC_COLOR = 0x01

export const SEQ_CLOCKING = 1
export const SEQ_MAP_MASK = 2
export const SEQ_MEMORY_MODE = 4
export const SEQ_SCREEN_OFF = 0x20
export const MEMORY_CHAIN4 = 0x08

export const GFX_SET_RESET = 0
export const GFX_ENABLE_SET_RESET = 1
export const GFX_COLOR_COMPARE = 2
export const GFX_ROTATE = 3
export const GFX_READ_MAP = 4
export const GFX_MODE = 5
export const GFX_MISC = 6
export const GFX_COLOR_DONT_CARE = 7
export const GFX_BIT_MASK = 8
export const MODE_READ_COMPARE = 0x08
export const MODE_ODD_EVEN = 0x10
export const MISC_GRAPHICS = 0x01

export const CRTC_END_DISPLAY = 0x01
export const CRTC_OVERFLOW = 0x07
export const CRTC_MAX_SCAN = 0x09
export const CRTC_CURSOR_START = 0x0a
export const CRTC_START_HIGH = 0x0c
export const CRTC_CURSOR_HIGH = 0x0e
export const CRTC_VERTICAL_END = 0x12
export const CRTC_OFFSET = 0x13
export const CURSOR_OFF = 0x20

/** What a BIOS sets for mode 3: 80 columns of 9 dots, 25 rows of 16 lines, colour, buffer at 0xb8000. */
export const MODE3 = {
  misc: 0x67,
  sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
  crtc: [
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c,
    0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
  ],
  graphics: [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff],
  attribute: [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c,
    0x00, 0x0f, 0x08, 0x00,
  ],
} as const
