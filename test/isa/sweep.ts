/**
 * Every prefix × map × opcode × ModRM against iced-x86: `npx tsx test/isa/sweep.ts`. About four million instructions; prints each kind of
 * difference once, and exits with status 1 if there was any.
 */
import { compareWithIced } from './iced.ts'
import type { Mode } from './iced.ts'

const legacy = [[], [0x66], [0xf3], [0xf2], [0x66, 0xf2]]
const long = [...legacy, [0x48], [0x66, 0x48], [0xf3, 0x48], [0xf2, 0x4f]]
const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]

const counter = { decoded: 0 }
const kinds = new Map<string, { example: string; times: number }>()
const bytes = new Uint8Array(15)

function tryOne(head: readonly number[], opcode: number, modrm: number, mode: Mode): void {
  bytes.fill(0x11)
  bytes.set([...head, opcode, modrm])
  const found = compareWithIced(bytes, mode, counter)
  if (found === null) return
  const kind = found.replace(/^.*mode: /, '').replace(/\(.*\)|-?\d+/g, '')
  const known = kinds.get(kind)
  if (known !== undefined) known.times++
  else kinds.set(kind, { example: found, times: 1 })
}

/** VEX prefixes: map, pp, L, W and vvvv clear or set. */
function vexHeads(): number[][] {
  const heads: number[][] = []
  for (const map of [1, 2, 3]) {
    for (const last of [0x78, 0x79, 0x7a, 0x7b]) {
      for (const l of [0, 4])
        for (const w of [0, 0x80])
          for (const v of [0, 0x18]) heads.push([0xc4, 0xe0 | map, (last | l | w) ^ v])
    }
  }
  return heads
}

for (const mode of [64, 32] as const) {
  const prefixes = mode === 64 ? long : legacy
  const heads = prefixes.flatMap((prefix) => maps.map((map) => [...prefix, ...map]))
  for (const head of [...heads, ...vexHeads()]) {
    for (let opcode = 0; opcode < 256; opcode++) {
      // Register fields 0 … 7 with four addressing modes, and all of mod 3.
      for (let modrm = 0; modrm < 256; modrm++)
        if (modrm >= 0xc0 || (modrm & 7) % 5 === 0) tryOne(head, opcode, modrm, mode)
    }
  }
  console.log(`${mode}-bit: ${counter.decoded} decoded alike, ${kinds.size} kinds of difference`)
}
for (const { example, times } of kinds.values()) console.log(`${times} × ${example}`)
process.exitCode = kinds.size === 0 ? 0 : 1
