/** x86-64 encodings as data, and what derives from them: assembler, decoder, formatter. */
export { Assembler } from './assembler.ts'
export type { AssembledCode, AssemblerRelocation } from './assembler.ts'
export {
  absolute,
  AbsoluteAddress,
  far,
  FarPointer,
  Label,
  mem,
  Memory,
  Register,
  short,
  ShortTarget,
  symbol,
  SymbolReference,
} from './operands.ts'
export type { AssemblerOperand, MemoryFields, RelocationKind } from './operands.ts'
export * from './registers.ts'
export { MODE16, MODE32, MODE64, RegisterClass } from './row.ts'
export type {
  Access,
  Branch,
  FlagEffects,
  FormKind,
  MandatoryPrefix,
  OperandForm,
  Place,
  Repeat,
  Row,
} from './row.ts'
export { rowById, rows } from './rows/index.ts'
export { decode, DecodeStatus, MAX_LENGTH } from './decode.ts'
export { branchTarget, format } from './format.ts'
export type { Symbolize } from './format.ts'
export {
  BASE_RIP,
  Instruction,
  Operand,
  OperandKind,
  PREFIX_ADDRESS_SIZE,
  PREFIX_LOCK,
  PREFIX_OPERAND_SIZE,
  PREFIX_REP,
  PREFIX_REPNE,
  PREFIX_REX,
  PREFIX_VEX,
} from './instruction.ts'
