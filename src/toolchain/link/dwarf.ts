/**
 * DWARF 4: a line program and a compilation unit for each object that has line rows, with a subprogram for each
 * function. Enough for a debugger to break on a line of TypeScript, to step by lines and to name frames.
 */
import { basename, dirname } from 'node:path'
import type { ObjectFile } from '../object.ts'
import { ByteWriter } from './bytes.ts'
import type { ImageFunction } from './functions.ts'
import { shortName } from './names.ts'

/** §7.5.3 and on: the encodings used here. */
const DW_TAG_compile_unit = 0x11
const DW_TAG_subprogram = 0x2e
const DW_AT_name = 0x03
const DW_AT_stmt_list = 0x10
const DW_AT_low_pc = 0x11
const DW_AT_high_pc = 0x12
const DW_AT_language = 0x13
const DW_AT_comp_dir = 0x1b
const DW_AT_external = 0x3f
const DW_AT_frame_base = 0x40
const DW_FORM_addr = 0x01
const DW_FORM_data2 = 0x05
const DW_FORM_string = 0x08
const DW_FORM_data4 = 0x06
const DW_FORM_exprloc = 0x18
const DW_FORM_flag_present = 0x19
const DW_FORM_sec_offset = 0x17
const DW_OP_reg6_rbp = 0x56
/** The nearest that DWARF 4 has a number for: C99. */
const DW_LANG_C99 = 0x0c

const DW_LNS_copy = 1
const DW_LNS_advance_pc = 2
const DW_LNS_advance_line = 3
const DW_LNS_set_file = 4
const DW_LNS_set_column = 5
const DW_LNE_end_sequence = 1
const DW_LNE_set_address = 2

/** Operand counts of the standard opcodes 1 … 12, §6.2.4. */
const standardLengths = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]
const lineBase = -5
const lineRange = 14
const opcodeBase = 13

export interface DebugSections {
  readonly '.debug_line': Uint8Array
  readonly '.debug_info': Uint8Array
  readonly '.debug_abbrev': Uint8Array
}

function abbreviations(): Uint8Array {
  const out = new ByteWriter()
  const declare = (code: number, tag: number, hasChildren: boolean, pairs: [number, number][]): void => {
    out
      .uleb(code)
      .uleb(tag)
      .u8(hasChildren ? 1 : 0)
    for (const [attribute, form] of pairs) out.uleb(attribute).uleb(form)
    out.u8(0).u8(0)
  }
  declare(1, DW_TAG_compile_unit, true, [
    [DW_AT_name, DW_FORM_string],
    [DW_AT_comp_dir, DW_FORM_string],
    [DW_AT_language, DW_FORM_data2],
    [DW_AT_low_pc, DW_FORM_addr],
    [DW_AT_high_pc, DW_FORM_data4],
    [DW_AT_stmt_list, DW_FORM_sec_offset],
  ])
  declare(2, DW_TAG_subprogram, false, [
    [DW_AT_name, DW_FORM_string],
    [DW_AT_low_pc, DW_FORM_addr],
    [DW_AT_high_pc, DW_FORM_data4],
    [DW_AT_external, DW_FORM_flag_present],
    [DW_AT_frame_base, DW_FORM_exprloc],
  ])
  return out.u8(0).finish()
}

/** One row of the line table as opcodes: a special opcode where it fits (§6.2.5.1). */
function advance(out: ByteWriter, addressBy: number, lineBy: number): void {
  if (lineBy >= lineBase && lineBy < lineBase + lineRange) {
    const special = lineBy - lineBase + lineRange * addressBy + opcodeBase
    if (special <= 255) return void out.u8(special)
  }
  if (addressBy > 0) out.u8(DW_LNS_advance_pc).uleb(addressBy)
  if (lineBy !== 0) out.u8(DW_LNS_advance_line).sleb(lineBy)
  out.u8(DW_LNS_copy)
}

function sequence(out: ByteWriter, { start, end, lines }: ImageFunction): void {
  out.u8(0).uleb(9).u8(DW_LNE_set_address).u64(start)
  let address = start
  let [file, line, column] = [1, 1, 0]
  for (const row of lines) {
    if (row.file < 0 || row.line === 0) continue
    if (row.file + 1 !== file) out.u8(DW_LNS_set_file).uleb((file = row.file + 1))
    if (row.column !== column) out.u8(DW_LNS_set_column).uleb((column = row.column))
    advance(out, start + row.offset - address, row.line - line)
    address = start + row.offset
    line = row.line
  }
  out
    .u8(DW_LNS_advance_pc)
    .uleb(end - address)
    .u8(0)
    .uleb(1)
    .u8(DW_LNE_end_sequence)
}

function lineProgram(files: readonly string[], functions: readonly ImageFunction[]): Uint8Array {
  const out = new ByteWriter()
  out.u32(0).u16(4).u32(0)
  out
    .u8(1)
    .u8(1)
    .u8(1)
    .u8(lineBase & 0xff)
    .u8(lineRange)
    .u8(opcodeBase)
  for (const length of standardLengths) out.u8(length)
  const folders = [...new Set(files.map((file) => dirname(file)))]
  for (const folder of folders) out.text(folder)
  out.u8(0)
  for (const file of files)
    out
      .text(basename(file))
      .uleb(folders.indexOf(dirname(file)) + 1)
      .uleb(0)
      .uleb(0)
  out.u8(0)
  out.patchU32(6, out.length - 10)
  for (const each of functions) if (each.lines.some(({ line }) => line > 0)) sequence(out, each)
  out.patchU32(0, out.length - 4)
  return out.finish()
}

/** Debug sections for all `functions`; `locate` gives the absolute path of a source file. */
export function buildDwarf(
  functions: readonly ImageFunction[],
  locate: (file: string) => string,
): DebugSections {
  const lines = new ByteWriter()
  const info = new ByteWriter()
  const objects = new Set<ObjectFile>(functions.map(({ object }) => object))
  for (const object of objects) {
    if (object.files.length === 0) continue
    const own = functions.filter((each) => each.object === object)
    const files = object.files.map((file) => locate(file))
    const low = own[0]!.start
    const high = own.at(-1)!.end
    const start = info.length
    info.u32(0).u16(4).u32(0).u8(8)
    info.uleb(1).text(object.name).text(dirname(files[0]!)).u16(DW_LANG_C99)
    info
      .u64(low)
      .u32(high - low)
      .u32(lines.length)
    for (const each of own)
      info
        .uleb(2)
        .text(shortName(each.info.name))
        .u64(each.start)
        .u32(each.end - each.start)
        .uleb(1)
        .u8(DW_OP_reg6_rbp)
    info.u8(0)
    info.patchU32(start, info.length - start - 4)
    lines.bytes(lineProgram(files, own))
  }
  return { '.debug_line': lines.finish(), '.debug_info': info.finish(), '.debug_abbrev': abbreviations() }
}
