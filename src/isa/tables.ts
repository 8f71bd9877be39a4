/** The decoder's tables, made at first use. In what is installed the build has put the finished tables in this file's place. */
import { buildDecodeTables, type DecodeTables } from './decode-tables.ts'

let tables: DecodeTables | undefined

export function decodeTables(): DecodeTables {
  return (tables ??= buildDecodeTables())
}
