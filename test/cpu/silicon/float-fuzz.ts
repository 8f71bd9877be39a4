/**
 * `npx tsx test/cpu/silicon/float-fuzz.ts [CASES PER ROW] [SEED] [ROWS]`: compares floating point in vector registers with this machine's processor, row by row,
 * and prints how many cases differ. ROWS is a pattern for the ids of rows. Ends with status 1 when any case differs.
 */
import { Emulated } from './emulated.ts'
import { compare, describe, floatCase, floatPage, floatRows, type FloatCase } from './float-cases.ts'
import { haveSilicon, runNative } from './native.ts'
import { Random } from './random.ts'

const [count = '5000', seedText = String(Date.now() & 0x7fffffff), pattern = ''] = process.argv.slice(2)
const BATCH = 2000

if (!haveSilicon()) {
  process.stderr.write('float-fuzz: needs gcc and an x86-64 processor under Linux\n')
  process.exit(2)
}
const seed = Number(seedText)
const random = new Random(seed)
console.log(`seed ${seed}`)
let total = 0
let different = 0
const rows = floatRows(new RegExp(pattern))
const page = floatPage(random)
const emulated = new Emulated(page)
for (const row of rows) {
  let failures = 0
  let first = ''
  let done = 0
  while (done < Number(count)) {
    // Both processors read the page for each case.
    page.set(floatPage(random))
    const cases: FloatCase[] = []
    while (cases.length < Math.min(BATCH, Number(count) - done)) {
      const one = floatCase(row, random)
      if (one) cases.push(one)
    }
    const native = runNative(cases, page)
    cases.forEach((one, n) => {
      const text = compare(one, native[n]!, emulated)
      if (!text) return
      failures++
      first ||= `${describe(one)}: ${text}`
    })
    done += cases.length
  }
  total += done
  different += failures
  if (failures) console.log(`${row.id}: ${failures} of ${done} differ, e.g. ${first}`)
}
console.log(`${total} cases of ${rows.length} rows, ${different} differ`)
process.exitCode = different ? 1 : 0
