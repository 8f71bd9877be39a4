/** Fills in the fields that depend on addresses. */
import type { Relocation } from '../object.ts'
import type { PlacedSection } from './layout.ts'
import { LinkError } from './options.ts'
import type { SymbolTable } from './symbols.ts'

const hex = (value: number): string => `0x${value.toString(16)}`

function apply(view: DataView, { kind, offset, symbol }: Relocation, value: number, place: number): void {
  switch (kind) {
    case 'abs64':
      view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true)
      return
    case 'abs32':
      if (value < 0 || value > 0xffff_ffff)
        throw new LinkError(`${symbol}: ${hex(value)} does not fit in 32 bits`)
      view.setUint32(offset, value, true)
      return
    case 'abs32s':
      if (value < -0x8000_0000 || value > 0x7fff_ffff)
        throw new LinkError(`${symbol}: ${hex(value)} does not fit in 31 bits`)
      view.setInt32(offset, value, true)
      return
    case 'pc32': {
      const distance = value - place
      if (distance !== (distance | 0)) throw new LinkError(`${symbol}: too far from ${hex(place)}`)
      view.setInt32(offset, distance, true)
    }
  }
}

/** The section's bytes with every relocation done. */
export function relocate({ object, section, address }: PlacedSection, symbols: SymbolTable): Uint8Array {
  const bytes = section.bytes.slice()
  const view = new DataView(bytes.buffer)
  for (const relocation of section.relocations) {
    const target = symbols.find(object, relocation.symbol)!
    apply(view, relocation, target + relocation.addend, address + relocation.offset)
  }
  return bytes
}
