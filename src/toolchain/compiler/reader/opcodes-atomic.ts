import type { Opcode } from './opcodes.ts'
import type { ValueType } from './types.ts'

/** The threads proposal's instructions, prefix 0xfe, in the order of their codes. */
const widths = ['i32', 'i64', 'i32 8', 'i32 16', 'i64 8', 'i64 16', 'i64 32']

function accesses(operation: string): [name: string, type: ValueType][] {
  return widths.map((width) => {
    const [type, bits] = width.split(' ') as [ValueType, string | undefined]
    if (operation === 'load') return [`${type}.atomic.load${bits ? `${bits}_u` : ''}`, type]
    if (operation === 'store') return [`${type}.atomic.store${bits ?? ''}`, type]
    return [`${type}.atomic.rmw${bits ?? ''}.${operation}${bits ? '_u' : ''}`, type]
  })
}

const opcodes: [number, Opcode][] = [
  [0x00, { name: 'memory.atomic.notify', immediate: 'memarg', params: ['i32', 'i32'], result: 'i32' }],
  [0x01, { name: 'memory.atomic.wait32', immediate: 'memarg', params: ['i32', 'i32', 'i64'], result: 'i32' }],
  [0x02, { name: 'memory.atomic.wait64', immediate: 'memarg', params: ['i32', 'i64', 'i64'], result: 'i32' }],
  [0x03, { name: 'atomic.fence', immediate: 'byte', params: [], result: null }],
]
for (const [row, operation] of 'load store add sub and or xor xchg cmpxchg'.split(' ').entries()) {
  for (const [column, [name, type]] of accesses(operation).entries()) {
    const values: ValueType[] = operation === 'load' ? [] : operation === 'cmpxchg' ? [type, type] : [type]
    const result = operation === 'store' ? null : type
    opcodes.push([0x10 + row * 7 + column, { name, immediate: 'memarg', params: ['i32', ...values], result }])
  }
}

export const atomicOpcodes: readonly [number, Opcode][] = opcodes
