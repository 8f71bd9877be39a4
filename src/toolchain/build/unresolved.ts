import type { Complaint } from '../asc/error.ts'
import type { FunctionInfo, ObjectFile } from '../object.ts'

/** Modules whose functions the image has: the kernel's calls, the entry code, what the linker knows. */
const provided = new Set(['kernel', 'atomic', 'user', 'entry', 'image', 'link'])

/** The place in the source of the instruction at `offset` of text section `section`, in a file that somebody has written. */
function placeOf(
  { functions, files }: ObjectFile,
  section: number,
  offset: number,
): { file: string; line: number; column: number } | undefined {
  const inside = (each: FunctionInfo): boolean =>
    each.section === section && offset >= each.offset && offset < each.offset + each.size
  const found = functions.find(inside)
  const isOwn = (file: number): boolean => files[file] !== undefined && !/^(?:~lib\/|onering-)/.test(files[file])
  const row = found?.lines.findLast((each) => found.offset + each.offset <= offset && isOwn(each.file))
  return row && { file: files[row.file]!, line: row.line, column: row.column }
}

/**
 * What the program calls and nobody here has, each with its first place: the parts of AssemblyScript's library that
 * need a browser or Node, and functions that are declared but not defined. Where the optimiser has left no place, only the
 * `entry` file is named.
 */
export function findUnresolved(
  object: ObjectFile,
  display: (file: string) => string,
  entry: string,
): Complaint[] {
  const complaints = new Map<string, Complaint>()
  for (const [index, { relocations }] of object.sections.entries())
    for (const { symbol, offset } of relocations) {
      if (!object.undefined.includes(symbol) || provided.has(symbol.split('.')[0]!)) continue
      const place = placeOf(object, index, offset)
      if (complaints.has(symbol) && place === undefined) continue
      if (complaints.get(symbol)?.line !== undefined) continue
      const name = symbol.replace(/^env\./, '')
      const message = `${name} does not exist here; what an application can use is exported by 'onering'`
      complaints.set(symbol, place ? { ...place, file: display(place.file), message } : { file: entry, message })
    }
  return [...complaints.values()]
}
