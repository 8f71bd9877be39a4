/** ACPI machine language by hand (ACPI 6.5, chapter 20): just the terms that a static description needs. */

export type Aml = readonly number[]

const ZERO_OP = 0x00
const ONE_OP = 0x01
const NAME_OP = 0x08
const BYTE_PREFIX = 0x0a
const WORD_PREFIX = 0x0b
const DWORD_PREFIX = 0x0c
const STRING_PREFIX = 0x0d
const SCOPE_OP = 0x10
const BUFFER_OP = 0x11
const PACKAGE_OP = 0x12
const EXTENDED = 0x5b
const DEVICE_OP = 0x82

/** A name segment or a path of one: four characters, `_` filled, after an optional root. */
export function path(text: string): Aml {
  const isRoot = text.startsWith('\\')
  const segment = (isRoot ? text.slice(1) : text).padEnd(4, '_')
  return [...(isRoot ? ascii('\\') : []), ...ascii(segment)]
}

export function integer(value: number): Aml {
  if (value === 0) return [ZERO_OP]
  if (value === 1) return [ONE_OP]
  if (value <= 0xff) return [BYTE_PREFIX, value]
  return value <= 0xffff ? [WORD_PREFIX, ...little(value, 2)] : [DWORD_PREFIX, ...little(value, 4)]
}

export function string(text: string): Aml {
  return [STRING_PREFIX, ...ascii(text), 0]
}

/** `EisaId("PNP0A03")`: three letters of five bits, four hexadecimal digits, big-endian. */
export function eisaId(text: string): Aml {
  const letter = (i: number): number => text.charCodeAt(i) - 0x40
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2)
  const product = Number.parseInt(text.slice(3), 16)
  return [DWORD_PREFIX, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff]
}

export function name(text: string, value: Aml): Aml {
  return [NAME_OP, ...path(text), ...value]
}

export function scope(text: string, ...terms: Aml[]): Aml {
  return [SCOPE_OP, ...sized([...path(text), ...terms.flat()])]
}

export function device(text: string, ...terms: Aml[]): Aml {
  return [EXTENDED, DEVICE_OP, ...sized([...path(text), ...terms.flat()])]
}

export function packageOf(...elements: Aml[]): Aml {
  return [PACKAGE_OP, ...sized([elements.length, ...elements.flat()])]
}

/** A resource template: descriptors and their end tag (checksum 0: not checked), in a buffer. */
export function resources(...descriptors: Aml[]): Aml {
  const bytes = [...descriptors.flat(), 0x79, 0]
  return [BUFFER_OP, ...sized([...integer(bytes.length), ...bytes])]
}

/** Fixed ports, decoded in 16 bits. */
export function ioPorts(base: number, length: number): Aml {
  return [0x47, 0x01, ...little(base, 2), ...little(base, 2), 1, length]
}

/** An ISA interrupt: edge-triggered, active high, exclusive. */
export function irq(number: number): Aml {
  return [0x22, ...little(1 << number, 2)]
}

/** 32-bit memory, fixed. */
export function memory32(base: number, length: number, isWritable: boolean): Aml {
  return [0x86, ...little(9, 2), isWritable ? 1 : 0, ...little(base, 4), ...little(length, 4)]
}

/** What a bridge passes on. Kind 0 memory, 1 ports, 2 bus numbers; both ends included, positive decode, fixed. */
export function addressSpace(kind: 0 | 1 | 2, width: 2 | 4, first: number, last: number): Aml {
  const tag = width === 2 ? 0x88 : 0x87
  // Memory: not cacheable, read-write. Ports: the entire range.
  const typeFlags = [0x01, 0x03, 0x00][kind]!
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => little(value, width))
  return [tag, ...little(3 + 5 * width, 2), kind, 0x0c, typeFlags, ...fields]
}

/** Prefixes the length of a package (20.2.4), which counts itself. */
function sized(body: Aml): Aml {
  for (let bytes = 1; bytes <= 4; bytes++) {
    const length = body.length + bytes
    if (bytes === 1 && length < 0x40) return [length, ...body]
    if (bytes > 1 && length < 2 ** (4 + 8 * (bytes - 1)))
      return [((bytes - 1) << 6) | (length & 0xf), ...little(length >> 4, bytes - 1), ...body]
  }
  throw new RangeError('AML package too long')
}

function ascii(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0))
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff)
}
