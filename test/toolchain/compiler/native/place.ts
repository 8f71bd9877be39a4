import type { ObjectFile } from '../../../../src/toolchain/object.ts'

/** An object at addresses of its own: just enough of a linker to run one object, or several, in a test. */
export interface Image {
  readonly pieces: { readonly address: number; readonly bytes: Uint8Array; readonly size: number }[]
  readonly symbols: Map<string, number>
  /** First address that is not used. */
  readonly end: number
}

/**
 * Places the sections of an object from `base` on (below 2 GiB), the pinned ones where they ask to be.
 * @param imports addresses of undefined symbols
 */
export function place(
  object: ObjectFile,
  base: number,
  imports: ReadonlyMap<string, number> = new Map(),
): Image {
  let next = base
  const addresses = object.sections.map((section) => {
    if (section.address !== undefined) return section.address
    const address = Math.ceil(next / 4096) * 4096
    next = address + section.size
    return address
  })
  const symbols = new Map<string, number>()
  const order = [...object.symbols].sort(
    (a, b) => Number(a.binding === 'global') - Number(b.binding === 'global'),
  )
  for (const { name, section, offset } of order) symbols.set(name, addresses[section]! + offset)
  const locals = new Map(
    object.symbols.map(({ name, section, offset }) => [name, addresses[section]! + offset]),
  )
  const pieces = object.sections.map((section, index) => {
    const bytes = section.bytes.slice()
    const view = new DataView(bytes.buffer)
    for (const { offset, kind, symbol, addend } of section.relocations) {
      const target = locals.get(symbol) ?? imports.get(symbol)
      if (target === undefined) throw new Error(`undefined symbol ${symbol}`)
      const value = target + addend
      if (kind === 'abs64') view.setBigUint64(offset, BigInt(value), true)
      else view.setInt32(offset, kind === 'pc32' ? value - (addresses[index]! + offset) : value, true)
    }
    return { address: addresses[index]!, bytes, size: section.size }
  })
  return { pieces, symbols, end: next }
}
