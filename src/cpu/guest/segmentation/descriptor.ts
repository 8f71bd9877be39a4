/** Descriptors in the GDT and LDT. SDM Vol. 3A, 3.4 and 3.5. */
import { GDTR, LDTR } from '../../layout'
import { DESC_G, DESC_P } from '../bits'
import { direct, READ_SYSTEM, readSystem, writeSystem } from '../mmu/memory'
import { segAttributes, segBase, segLimit } from '../state'
import { CONTINUE } from '../status'

/** The selector names no descriptor: it lies beyond the limit of its table. */
export const NO_DESCRIPTOR: u64 = ~(<u64>0)

export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0
}

export function rplOf(selector: u32): u32 {
  return selector & 3
}

/** Linear address of a descriptor of `size` bytes (8, or 16 for system descriptors of IA-32e mode), or NO_DESCRIPTOR. */
export function descriptorAddress(cpu: usize, selector: u32, size: u32): u64 {
  const index = selector & 0xfff8
  if (!(selector & 4)) {
    const limit = load<u32>(cpu, GDTR + 8)
    return index + size - 1 > limit ? NO_DESCRIPTOR : load<u64>(cpu, GDTR) + index
  }
  if (!(segAttributes(cpu, LDTR) & DESC_P)) return NO_DESCRIPTOR
  return index + size - 1 > segLimit(cpu, LDTR) ? NO_DESCRIPTOR : segBase(cpu, LDTR) + index
}

/** The 8 bytes of a descriptor; check `pending` afterwards. */
export function readDescriptor(cpu: usize, address: u64): u64 {
  const host = direct(cpu, address, 8, READ_SYSTEM)
  return host ? load<u64>(host) : readSystem(cpu, address, 8)
}

/** Descriptor bits 40–55, right-aligned, as the state block keeps them; bits 8–11 are the limit's top bits. */
export function attributesOf(descriptor: u64): u32 {
  return <u32>(descriptor >> 40) & 0xffff
}

export function typeOf(attributes: u32): u32 {
  return attributes & 15
}

export function dplOf(attributes: u32): u32 {
  return (attributes >> 5) & 3
}

export function baseOf(descriptor: u64): u64 {
  return ((descriptor >> 16) & 0xff_ffff) | ((descriptor >> 32) & 0xff00_0000)
}

/** Limit in bytes. */
export function limitOf(descriptor: u64): u32 {
  const limit = (<u32>descriptor & 0xffff) | (<u32>(descriptor >> 32) & 0xf_0000)
  return attributesOf(descriptor) & DESC_G ? (limit << 12) | 0xfff : limit
}

/** Sets bits in the type byte of a descriptor in memory: accessed (1) or busy (2). No access when they are set already. */
export function markDescriptor(cpu: usize, address: u64, descriptor: u64, bits: u32): i32 {
  if ((attributesOf(descriptor) & bits) == bits) return CONTINUE
  return writeSystem(cpu, address + 5, 1, ((descriptor >> 40) & 0xff) | bits)
}
