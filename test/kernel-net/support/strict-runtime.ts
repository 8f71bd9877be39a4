/**
 * A runtime for AssemblyScript that watches. Blocks come from free lists by power of two; the host is told of every one. Text,
 * because it needs decorators on functions, which only asc understands.
 */
export const strictRuntime = `
declare function hostAlloc(address: usize, size: usize): void
declare function hostFree(address: usize): void

const GUARD: u64 = 0x5afe5afe5afe5afe
let top: usize = 0
let lists: usize = memory.data(32 * 4, 16)

function classOf(size: usize): usize {
  const whole = size + 24
  return whole <= 32 ? 5 : 32 - clz<u32>(<u32>whole - 1)
}

@global @unsafe export function __alloc(size: usize): usize {
  const c = classOf(size)
  const slot = lists + (c << 2)
  let block = load<u32>(slot) as usize
  if (block) {
    store<u32>(slot, load<u32>(block + 16))
  } else {
    if (!top) top = (__heap_base + 15) & ~15
    block = top
    top += (<usize>1) << c
    const pages = <i32>((top + 0xffff) >> 16) - memory.size()
    if (pages > 0 && memory.grow(max(pages, 64)) < 0) unreachable()
  }
  store<u32>(block, size)
  store<u32>(block, c, 4)
  const address = block + 16
  // What new memory holds must not matter.
  memory.fill(address, 0xa5, size)
  store<u64>(address + size, GUARD)
  hostAlloc(address, size)
  return address
}

@global @unsafe export function __free(address: usize): void {
  hostFree(address)
  const block = address - 16
  const size = load<u32>(block) as usize
  if (load<u64>(address + size) != GUARD) unreachable()
  memory.fill(address, 0xdb, size + 8)
  const slot = lists + ((load<u32>(block, 4) as usize) << 2)
  store<u32>(address, load<u32>(slot))
  store<u32>(slot, <u32>block)
}

@global @unsafe export function __realloc(address: usize, size: usize): usize {
  const other = __alloc(size)
  const old = load<u32>(address - 16) as usize
  memory.copy(other, address, min(old, size))
  __free(address)
  return other
}

@global @unsafe export function __new(size: usize, id: u32): usize { unreachable(); return 0 }
@global @unsafe export function __renew(address: usize, size: usize): usize { unreachable(); return 0 }
@global @unsafe export function __link(parent: usize, child: usize, multi: bool): void {}
@global @unsafe export function __pin(address: usize): usize { return address }
@global @unsafe export function __unpin(address: usize): void {}
@global @unsafe export function __visit(address: usize, cookie: u32): void {}
@global @unsafe export function __collect(): void {}
`
