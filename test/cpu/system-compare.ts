/** Two reports side by side, with the list of places where QEMU is known to leave the manual. */

export interface Deviation {
  /** Names of attempts, without their number. */
  of: RegExp
  /** Words of the report that may differ; null = the whole outcome. */
  in: readonly string[] | null
  /** What the manual says, and what QEMU does. */
  manual: string
}

export type Report = ReadonlyMap<string, string[]>

function differences(ours: string[], theirs: string[], fields: readonly string[]): string[] {
  const isException = ours.length === fields.length && theirs.length === fields.length
  const length = Math.max(ours.length, theirs.length)
  return Array.from({ length }, (_, i) => i)
    .filter((i) => ours[i] !== theirs[i])
    .map((i) => (isException ? fields[i]! : String(i)))
}

/** What differs and should not, and which deviations did not occur. `fields` names the words of a report on an exception. */
export function compareReports(
  ours: Report,
  theirs: Report,
  fields: readonly string[],
  deviations: readonly Deviation[],
): { wrong: string[]; unused: string[] } {
  const used = new Set<Deviation>()
  const wrong: string[] = []
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const x = ours.get(name) ?? []
    const y = theirs.get(name) ?? []
    const different = differences(x, y, fields)
    if (different.length === 0) continue
    const plain = name.replace(/^\d+ /, '')
    const deviation = deviations.find(
      (d) => d.of.test(plain) && (d.in === null || different.every((field) => d.in!.includes(field))),
    )
    if (deviation) used.add(deviation)
    else wrong.push(`${name}: ${different.join(' ')}\n  here ${x.join(' ')}\n  QEMU ${y.join(' ')}`)
  }
  const unused = deviations.filter((deviation) => !used.has(deviation)).map(({ manual }) => manual)
  return { wrong, unused }
}
