import { formId, parseOperands } from './operand-forms.ts'
import { parseProperties } from './row-properties.ts'
import { MODE16, MODE32, MODE64, RegisterClass } from './row.ts'
import type { MandatoryPrefix, Row } from './row.ts'

/**
 * Rows are written one to a line, as in the instruction pages of the manual:
 *
 *     MNEMONIC operands | opcode | Op/En | properties
 *     ADD r/mv:rw, rv   | ov 01 /r | MR  | lock w:oszapc
 *
 * Operands: the manual's names; `:w`, `:rw` or `:-` gives the access, which is `r` otherwise. `simm8` is an `imm8` that is sign-extended.
 * Opcode: `NP` `NFx` `66` `F3` `F2` mandatory prefix; `REX.W`; `o16` `o32` `o64` operand size (`o32*`: REX.W ignored);
 * `a16` `a32` `a64` address size; `0F` `0F 38` `0F 3A` map; a byte after the opcode is a fixed ModRM byte; `+r`; `/r` `/0` … `/7`; `ib` … `io`,
 * `cb` … `cd` for the bytes that follow; `mod=3` `mod=m` `mod=*`; `d64` `f64` as in the opcode map of the manual; `VEX.128.66.0F38.W0`.
 * Properties: flags `r:` read, `w:` written, `u:` undefined, `0:` cleared, `1:` set; `lock`, `cpl0`, `iopl`, `64`, `!64`, `rep`, `repz`, `alias`,
 * `branch=…`, `id=…` (appended to the id), and a CPUID feature in capitals.
 *
 * `ov` (o16, o32, o64), `ox` (o16, o32) and `oy` (o32, o64) make one row for each size; then `rv`, `r/mv`, `mv`, `rAX`, `immz`, `immv`, `relz`, `iz`, `iv`, `cz`
 * in the line follow that size.
 */
/** A row that does not know its index yet. */
export type RowDraft = Mutable<Row>

const templates: Record<string, readonly number[]> = { ov: [16, 32, 64], ox: [16, 32], oy: [32, 64] }

function substitute(line: string, template: string, bits: number): string {
  const half = Math.min(bits, 32)
  return line
    .replace(new RegExp(`\\b${template}\\b`), `o${bits}`)
    .replace(/\brAX\b/g, { 16: 'AX', 32: 'EAX', 64: 'RAX' }[bits]!)
    .replace(/\br\/mv\b/g, `r/m${bits}`)
    .replace(/\brv\b/g, `r${bits}`)
    .replace(/\bmv\b/g, `m${bits}`)
    .replace(/\bmoffsv\b/g, `moffs${bits}`)
    .replace(/\bimmz\b/g, bits === 64 ? 'simm32' : `imm${bits}`)
    .replace(/\bimmv\b/g, `imm${bits}`)
    .replace(/\brelz\b/g, `rel${half}`)
    .replace(/(?<= )iz\b/g, half === 16 ? 'iw' : 'id')
    .replace(/(?<= )iv\b/g, { 16: 'iw', 32: 'id', 64: 'io' }[bits]!)
    .replace(/(?<= )cz\b/g, half === 16 ? 'cw' : 'cd')
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Encoding = Mutable<
  Pick<
    Row,
    | 'map'
    | 'opcode'
    | 'prefix'
    | 'vex'
    | 'vectorLength'
    | 'w'
    | 'operandSize'
    | 'default64'
    | 'forced64'
    | 'wideIgnored'
    | 'addressSize'
    | 'hasModrm'
    | 'digit'
    | 'modrm'
    | 'mod'
    | 'opcodeRegister'
    | 'immediateBytes'
  >
>

const followingBytes: Record<string, number> = {
  ib: 1,
  iw: 2,
  id: 4,
  io: 8,
  cb: 1,
  cw: 2,
  cd: 4,
  cp: 6,
  is4: 1,
}
const vexMaps: Record<string, 1 | 2 | 3> = { '0F': 1, '0F38': 2, '0F3A': 3 }

function parseVex(token: string, encoding: Encoding): void {
  encoding.vex = true
  encoding.prefix = 'NP'
  for (const field of token.split('.').slice(1)) {
    const map = vexMaps[field]
    if (map !== undefined) encoding.map = map
    else if (field === '128' || field === 'LZ' || field === 'L0') encoding.vectorLength = 128
    else if (field === '256') encoding.vectorLength = 256
    else if (field === '66' || field === 'F3' || field === 'F2' || field === 'NP') encoding.prefix = field
    else if (field === 'W0') encoding.w = 0
    else if (field === 'W1') encoding.w = 1
    else if (field !== 'LIG' && field !== 'WIG') throw new Error(`unknown VEX field ${field}`)
  }
}

function parseEncoding(column: string): Encoding {
  const encoding: Encoding = {
    map: 0,
    opcode: -1,
    prefix: 'any',
    vex: false,
    vectorLength: 0,
    w: -1,
    operandSize: 0,
    default64: false,
    forced64: false,
    wideIgnored: false,
    addressSize: 0,
    hasModrm: false,
    digit: -1,
    modrm: -1,
    mod: 'any',
    opcodeRegister: false,
    immediateBytes: 0,
  }
  const hex: number[] = []
  for (const token of column.split(/\s+/)) {
    const bytes = followingBytes[token]
    if (bytes !== undefined) encoding.immediateBytes += bytes
    else if (token.startsWith('VEX.')) parseVex(token, encoding)
    else if (!encoding.vex && hex.length === 0 && /^(NP|NFx|66|F2|F3)$/.test(token))
      encoding.prefix = token as MandatoryPrefix
    else if (token === 'REX.W') encoding.w = 1
    else if (/^o(16|32|64)\*?$/.test(token)) {
      encoding.operandSize = Number(token.slice(1, 3)) as 16 | 32 | 64
      encoding.wideIgnored = token.endsWith('*')
    } else if (/^a(16|32|64)$/.test(token)) encoding.addressSize = Number(token.slice(1)) as 16 | 32 | 64
    else if (token === 'd64') encoding.default64 = true
    else if (token === 'f64') encoding.forced64 = true
    else if (token === '+r') encoding.opcodeRegister = true
    else if (token === '/r') encoding.hasModrm = true
    else if (/^\/[0-7]$/.test(token)) {
      encoding.hasModrm = true
      encoding.digit = Number(token[1])
    } else if (token === 'mod=3') encoding.mod = 'register'
    else if (token === 'mod=m') encoding.mod = 'memory'
    else if (token === 'mod=*') encoding.mod = 'ignored'
    else if (/^[0-9A-F]{2}$/.test(token)) hex.push(Number.parseInt(token, 16))
    else throw new Error(`unknown token ${token}`)
  }
  if (!encoding.vex && hex[0] === 0x0f && hex.length > 1) {
    hex.shift()
    const escape: number | undefined = hex.length > 1 ? hex.at(0) : -1
    encoding.map = escape === 0x38 ? 2 : escape === 0x3a ? 3 : 1
    if (encoding.map > 1) hex.shift()
  }
  encoding.opcode = hex.shift() ?? -1
  if (hex.length > 0) {
    encoding.hasModrm = true
    encoding.modrm = hex.shift()!
  }
  if (encoding.opcode < 0 || hex.length > 0) throw new Error('malformed opcode')
  return encoding
}

/** Restricts a row to the modes in which its encoding exists. */
function modesOf(encoding: Encoding, only64: boolean, not64: boolean): number {
  const { operandSize, addressSize, default64, forced64, vex, w } = encoding
  if (not64 || addressSize === 16) return MODE16 | MODE32
  if (only64 || operandSize === 64 || addressSize === 64 || (w === 1 && !vex)) return MODE64
  const unreachable = (operandSize === 32 && (default64 || forced64)) || (operandSize === 16 && forced64)
  return unreachable ? MODE16 | MODE32 : MODE16 | MODE32 | MODE64
}

function parseLine(line: string, feature: string): RowDraft {
  const [head = '', opcode = '', letters = '', rest = ''] = line.split('|').map((part) => part.trim())
  const space = head.indexOf(' ')
  const mnemonic = (space < 0 ? head : head.slice(0, space)).toLowerCase()
  const properties = parseProperties(rest)
  const encoding = parseEncoding(opcode)
  const operands = parseOperands(space < 0 ? '' : head.slice(space).trim(), letters === 'ZO' ? '' : letters)
  for (const form of operands) {
    if (form.place !== 'rm' && form.place !== 'reg') continue
    encoding.hasModrm = true
    if (form.place === 'rm' && encoding.mod === 'any') {
      if (form.kind === 'memory') encoding.mod = 'memory'
      else if (form.kind === 'register') encoding.mod = 'register'
    }
  }
  // Written out, so that all rows have one hidden class: the decoder reads them.
  return {
    index: -1,
    id: [mnemonic, ...operands.map(formId)].join('.') + properties.suffix,
    mnemonic,
    operands,
    feature: properties.feature ?? feature,
    map: encoding.map,
    opcode: encoding.opcode,
    prefix: encoding.prefix,
    vex: encoding.vex,
    vectorLength: encoding.vectorLength,
    w: encoding.w,
    operandSize: encoding.operandSize,
    default64: encoding.default64,
    forced64: encoding.forced64,
    wideIgnored: encoding.wideIgnored,
    addressSize: encoding.addressSize,
    hasModrm: encoding.hasModrm,
    indexed: operands.some((form) => form.indexClass !== RegisterClass.none),
    digit: encoding.digit,
    modrm: encoding.modrm,
    mod: encoding.mod,
    opcodeRegister: encoding.opcodeRegister,
    immediateBytes: encoding.immediateBytes,
    flags: properties.flags,
    modes: modesOf(encoding, properties.only64, properties.not64),
    lockable: properties.lockable,
    privileged: properties.privileged,
    ioSensitive: properties.ioSensitive,
    branch: properties.branch,
    repeat: properties.repeat,
    alias: properties.alias,
  }
}

/** Expands a template line to its rows; sizes that would share an id get `.o16`, `.o32`, `.o64`. */
function expand(line: string, feature: string): RowDraft[] {
  const template = /\bo[vxy]\b/.exec(line)?.[0]
  if (template === undefined) return [parseLine(line, feature)]
  const drafts = templates[template]!.map((bits) => parseLine(substitute(line, template, bits), feature))
  const ids = drafts.map((draft) => draft.id)
  for (const draft of drafts) {
    if (ids.indexOf(draft.id) !== ids.lastIndexOf(draft.id)) draft.id += `.o${draft.operandSize}`
  }
  return drafts
}

/** Parses the lines of a family. `feature` is the CPUID feature of rows that name none. Throws on a malformed line, naming it. */
export function family(feature: string, text: string): RowDraft[] {
  const drafts: RowDraft[] = []
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '') continue
    try {
      drafts.push(...expand(line, feature))
    } catch (error) {
      throw new Error(`row "${line}": ${(error as Error).message}`, { cause: error })
    }
  }
  return drafts
}
