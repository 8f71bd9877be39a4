/** The line table: the state machine of DWARF 6.2, versions 2 to 4, which is what our own images, and C compilers told so, have. */
import { ByteReader } from './reader.ts'

const DW_LNS_copy = 1
const DW_LNS_advance_pc = 2
const DW_LNS_advance_line = 3
const DW_LNS_set_file = 4
const DW_LNS_set_column = 5
const DW_LNS_const_add_pc = 8
const DW_LNS_fixed_advance_pc = 9
const DW_LNE_end_sequence = 1
const DW_LNE_set_address = 2

/** From `address` on, up to the next row's. */
export interface LineRow {
  readonly address: bigint
  /** Path as the compiler wrote it; '' where a sequence ends and nothing is known. */
  readonly file: string
  readonly line: number
  readonly column: number
}

interface Header {
  readonly minInstruction: number
  readonly lineBase: number
  readonly lineRange: number
  readonly opcodeBase: number
  readonly operands: readonly number[]
  readonly files: readonly string[]
}

/** All rows, in the order of the file; units of other versions are left out. */
export function readLineRows(section: Uint8Array): LineRow[] {
  const rows: LineRow[] = []
  const reader = new ByteReader(section)
  while (!reader.atEnd) {
    const length = reader.u32()
    const end = reader.at + length
    const version = reader.u16()
    if (version >= 2 && version <= 4) {
      const headerBytes = reader.u32()
      const programAt = reader.at + headerBytes
      const header = readHeader(reader, version)
      reader.at = programAt
      runProgram(reader, end, header, rows)
    }
    reader.at = end
  }
  return rows
}

function readHeader(reader: ByteReader, version: number): Header {
  const minInstruction = reader.u8()
  if (version >= 4) reader.skip(1)
  reader.skip(1)
  const lineBase = reader.i8()
  const lineRange = reader.u8()
  const opcodeBase = reader.u8()
  const operands = [0, ...Array.from({ length: opcodeBase - 1 }, () => reader.u8())]
  const folders = ['']
  for (let folder = reader.text(); folder !== ''; folder = reader.text()) folders.push(folder)
  const files = ['']
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    const folder = folders[reader.uleb()] ?? ''
    reader.uleb()
    reader.uleb()
    files.push(folder === '' || name.startsWith('/') ? name : `${folder}/${name}`)
  }
  return { minInstruction, lineBase, lineRange, opcodeBase, operands, files }
}

/** The registers of the machine that a row is made of. */
interface State {
  address: bigint
  file: number
  line: number
  column: number
}

const initial = (): State => ({ address: 0n, file: 1, line: 1, column: 0 })

function runProgram(reader: ByteReader, end: number, header: Header, rows: LineRow[]): void {
  const { files, minInstruction, opcodeBase, lineBase, lineRange } = header
  let state = initial()
  const advance = (operations: number): void => {
    state.address += BigInt(operations * minInstruction)
  }
  const emit = (): void => {
    const { address, file, line, column } = state
    rows.push({ address, file: files[file] ?? '', line, column })
  }
  while (reader.at < end) {
    const opcode = reader.u8()
    if (opcode >= opcodeBase) {
      advance(Math.floor((opcode - opcodeBase) / lineRange))
      state.line += lineBase + ((opcode - opcodeBase) % lineRange)
      emit()
    } else if (opcode === 0) {
      const length = reader.uleb()
      const next = reader.at + length
      const extended = reader.u8()
      if (extended === DW_LNE_set_address) state.address = reader.word(length === 9)
      if (extended === DW_LNE_end_sequence) {
        rows.push({ address: state.address, file: '', line: 0, column: 0 })
        state = initial()
      }
      reader.at = next
    } else if (opcode === DW_LNS_copy) emit()
    else if (opcode === DW_LNS_advance_pc) advance(reader.uleb())
    else if (opcode === DW_LNS_advance_line) state.line += reader.sleb()
    else if (opcode === DW_LNS_set_file) state.file = reader.uleb()
    else if (opcode === DW_LNS_set_column) state.column = reader.uleb()
    else if (opcode === DW_LNS_const_add_pc) advance(Math.floor((255 - opcodeBase) / lineRange))
    else if (opcode === DW_LNS_fixed_advance_pc) state.address += BigInt(reader.u16())
    else for (let i = header.operands[opcode]!; i > 0; i--) reader.uleb()
  }
}
