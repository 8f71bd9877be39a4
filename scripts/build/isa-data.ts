/** Rows and tables of the decoder as data, in the place of the compiled files that make them: what every start would do again is done once. */
import { writeFileSync } from 'node:fs'
import { buildDecodeTables } from '../../src/isa/decode-tables.ts'
import { rows } from '../../src/isa/rows/index.ts'

const ROWS = 'dist/isa/rows/index.js'
const TABLES = 'dist/isa/tables.js'

/** A literal that V8 reads faster than an array or an object of the language. */
const parsed = (value: unknown): string => `JSON.parse(${JSON.stringify(JSON.stringify(value))})`

/** Few forms of operands serve many rows. */
function rowsModule(): string {
  const forms = new Map<string, number>()
  const numberOf = (form: object): number => {
    const text = JSON.stringify(form)
    if (!forms.has(text)) forms.set(text, forms.size)
    return forms.get(text)!
  }
  const numbered = rows.map((row) => ({ ...row, operands: row.operands.map(numberOf) }))
  const allForms = [...forms.keys()].map((text) => JSON.parse(text) as object)
  return [
    `const forms = ${parsed(allForms)}`,
    `export const rows = ${parsed(numbered)}`,
    'for (const row of rows) row.operands = row.operands.map((number) => forms[number])',
    'export const rowById = new Map(rows.map((row) => [row.id, row]))',
    '',
  ].join('\n')
}

function tablesModule(): string {
  const fields = Object.entries(buildDecodeTables()).map(
    ([name, cells]: [string, Int16Array]) => `${name}: Int16Array.from(${parsed([...cells])})`,
  )
  return `let tables\nexport const decodeTables = () => (tables ??= { ${fields.join(', ')} })\n`
}

export function writeIsaData(): void {
  writeFileSync(ROWS, rowsModule())
  writeFileSync(TABLES, tablesModule())
}
