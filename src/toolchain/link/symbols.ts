/** Names to addresses: an object's own names first, then the global names of its part, then of the whole image. */
import type { ObjectFile } from '../object.ts'
import type { PlacedSection } from './layout.ts'
import { LinkError } from './options.ts'

export interface ImageSymbol {
  readonly name: string
  readonly address: number
  readonly size: number
  readonly type: 'function' | 'object'
  readonly binding: 'local' | 'global'
}

export class SymbolTable {
  readonly all: ImageSymbol[] = []
  readonly #own = new Map<ObjectFile, Map<string, number>>()
  readonly #parts: Map<string, number>[] = []
  readonly #partOf = new Map<ObjectFile, number>()
  readonly #absolute = new Map<string, number>()

  /** `parts` are the groups of objects that are linked together before they see each other. */
  constructor(parts: readonly (readonly ObjectFile[])[], placed: readonly PlacedSection[]) {
    const base = new Map(placed.map(({ object, index, address }) => [sectionKey(object, index), address]))
    const duplicates: string[] = []
    for (const [part, objects] of parts.entries()) {
      const globals = new Map<string, number>()
      const definer = new Map<string, string>()
      for (const object of objects) {
        const own = new Map<string, number>()
        for (const { name, section, offset, size, type, binding } of object.symbols) {
          const address = base.get(sectionKey(object, section))! + offset
          own.set(name, address)
          this.all.push({ name, address, size, type, binding })
          if (binding === 'local') continue
          const other = definer.get(name)
          if (other !== undefined && globals.get(name) !== address)
            duplicates.push(`${name} is defined by ${other} and by ${object.name}`)
          globals.set(name, address)
          definer.set(name, object.name)
        }
        this.#own.set(object, own)
        this.#partOf.set(object, part)
      }
      this.#parts.push(globals)
    }
    if (duplicates.length > 0) throw new LinkError(duplicates.join('\n'))
  }

  /** Defines a name that the linker itself provides. */
  define(name: string, address: number): void {
    this.#absolute.set(name, address)
  }

  /** The address of `name` as `object` sees it. */
  find(object: ObjectFile, name: string): number | undefined {
    const part = this.#partOf.get(object)!
    return (
      this.#own.get(object)!.get(name) ??
      this.#parts[part]!.get(name) ??
      this.#absolute.get(name) ??
      this.findGlobal(name)
    )
  }

  /** The address of a global name of any part, the first part first. */
  findGlobal(name: string): number | undefined {
    for (const globals of this.#parts) {
      const address = globals.get(name)
      if (address !== undefined) return address
    }
    return undefined
  }

  /** Throws a LinkError that names every symbol that nobody defines, with who wants it. */
  checkComplete(objects: readonly ObjectFile[]): void {
    const missing = new Map<string, Set<string>>()
    for (const object of objects)
      for (const section of object.sections)
        for (const { symbol } of section.relocations) {
          if (this.find(object, symbol) !== undefined) continue
          const users = missing.get(symbol) ?? new Set()
          missing.set(symbol, users.add(object.name))
        }
    if (missing.size === 0) return
    const lines = [...missing].map(
      ([name, users]) => `${name} is used by ${[...users].join(', ')} and defined nowhere`,
    )
    throw new LinkError(lines.join('\n'))
  }
}

const keys = new WeakMap<ObjectFile, number>()
let keyCount = 0

function sectionKey(object: ObjectFile, index: number): string {
  let key = keys.get(object)
  if (key === undefined) keys.set(object, (key = keyCount++))
  return `${key}:${index}`
}
