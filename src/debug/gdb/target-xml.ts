/** The target description that gdb asks for. GDB manual, appendix G. */
import { features, type Register } from './registers.ts'

const FLAGS: Readonly<Record<string, { bits: number; fields: readonly (readonly [string, number])[] }>> = {
  i386_eflags: {
    bits: 32,
    fields: [
      ['CF', 0],
      ['', 1],
      ['PF', 2],
      ['AF', 4],
      ['ZF', 6],
      ['SF', 7],
      ['TF', 8],
      ['IF', 9],
      ['DF', 10],
      ['OF', 11],
      ['NT', 14],
      ['RF', 16],
      ['VM', 17],
      ['AC', 18],
      ['VIF', 19],
      ['VIP', 20],
      ['ID', 21],
    ],
  },
  i386_mxcsr: {
    bits: 32,
    fields: [
      ['IE', 0],
      ['DE', 1],
      ['ZE', 2],
      ['OE', 3],
      ['UE', 4],
      ['PE', 5],
      ['DAZ', 6],
      ['IM', 7],
      ['DM', 8],
      ['ZM', 9],
      ['OM', 10],
      ['UM', 11],
      ['PM', 12],
      ['FZ', 15],
    ],
  },
}

/** The ways in which a vector register can be read. */
const VECTORS: readonly (readonly [id: string, type: string, count: number, field: string])[] = [
  ['v4f', 'ieee_single', 4, 'v4_float'],
  ['v2d', 'ieee_double', 2, 'v2_double'],
  ['v16i8', 'int8', 16, 'v16_int8'],
  ['v8i16', 'int16', 8, 'v8_int16'],
  ['v4i32', 'int32', 4, 'v4_int32'],
  ['v2i64', 'int64', 2, 'v2_int64'],
]

function flagsType(id: string): string {
  const { bits, fields } = FLAGS[id]!
  const lines = fields.map(([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>`)
  return `<flags id="${id}" size="${bits / 8}">${lines.join('')}</flags>`
}

function vectorType(): string {
  const vectors = VECTORS.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`)
  const fields = VECTORS.map(([id, , , field]) => `<field name="${field}" type="${id}"/>`)
  return `${vectors.join('')}<union id="vec128">${fields.join('')}<field name="uint128" type="uint128"/></union>`
}

const TYPES: Readonly<Record<string, string>> = {
  'org.gnu.gdb.i386.core': flagsType('i386_eflags'),
  'org.gnu.gdb.i386.sse': vectorType() + flagsType('i386_mxcsr'),
}

function registerElement({ name, bits, type, group }: Register): string {
  const inGroup = group === undefined ? '' : ` group="${group}"`
  return `<reg name="${name}" bitsize="${bits}" type="${type}"${inGroup}/>`
}

export const targetXml: string = [
  '<?xml version="1.0"?>',
  '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
  '<target>',
  '<architecture>i386:x86-64</architecture>',
  ...features.map(
    ({ name, registers }) =>
      `<feature name="${name}">${TYPES[name] ?? ''}${registers.map(registerElement).join('')}</feature>`,
  ),
  '</target>',
  '',
].join('\n')
