/**
 * Random instructions against iced-x86: `npx tsx test/isa/fuzz.ts [count] [seed]`. Prints each kind of difference once, and exits with
 * status 1 if there was any.
 */
import { compareWithIced } from './iced.ts'
import { Random, randomInstruction } from './random.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.argv[3] ?? Date.now() % 0x100000000)
console.log(`${count} instructions, seed ${seed}`)

const random = new Random(seed)
const counter = { decoded: 0 }
const kinds = new Map<string, { example: string; times: number }>()
for (let i = 0; i < count; i++) {
  const mode = random.pick([64, 64, 32, 16] as const)
  const bytes = randomInstruction(random)
  const found = compareWithIced(bytes, mode, counter)
  if (found === null) continue
  const kind = found.replace(/^.*mode: /, '').replace(/\(.*\)|-?\d+/g, '')
  const known = kinds.get(kind)
  if (known !== undefined) known.times++
  else kinds.set(kind, { example: found, times: 1 })
}
for (const { example, times } of kinds.values()) console.log(`${times} × ${example}`)
console.log(`${counter.decoded} decoded alike, ${kinds.size} kinds of difference`)
process.exitCode = kinds.size === 0 ? 0 : 1
