/** How a run ended, in one line for people. */
import { describeTripleFault } from '../cpu/triple-fault.ts'
import { describeLine, describePlace, Symbols } from '../debug/symbols/symbols.ts'
import type { Exit } from '../index.ts'

/** What stopped the guest; of a triple fault also where, as far as the image has names for it. */
export function describeEnd({ message, tripleFault }: Exit, image: Uint8Array | null): string {
  if (tripleFault === undefined || image === null) return message
  const symbols = Symbols.fromImage(image)
  const place = (address: bigint): string | null => {
    const found = symbols.at(address)
    return (
      [describePlace(found), describeLine(found?.source ?? null)]
        .filter((word) => word !== null)
        .join(', ') || null
    )
  }
  return `triple fault: ${describeTripleFault(tripleFault, place)}`
}
