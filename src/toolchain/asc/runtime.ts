/**
 * AssemblyScript finds its allocator and collector under global names, declared by a decorator that no other
 * TypeScript parser accepts. So the real code is plain TypeScript in `src/kernel/runtime/`, and this glue, which
 * exists only while the compiler runs, gives it those names.
 */

/** Text of the runtime module for a program whose allocator and collector are exported by `path`. */
export function runtimeGlue(path: string): string {
  return `
import { allocate, reallocate, release, newObject, renewObject, visit, collect } from "${path}";
@global @unsafe export function __alloc(size: usize): usize { return allocate(size); }
@global @unsafe export function __realloc(ptr: usize, size: usize): usize { return reallocate(ptr, size); }
@global @unsafe export function __free(ptr: usize): void { release(ptr); }
@global @unsafe export function __reset(): void {}
@global @unsafe export function __new(size: usize, id: u32): usize { return newObject(size, id); }
@global @unsafe export function __renew(ptr: usize, size: usize): usize { return renewObject(ptr, size); }
@global @unsafe export function __link(parent: usize, child: usize, expectMultiple: bool): void {}
@global @unsafe export function __pin(ptr: usize): usize { return ptr; }
@global @unsafe export function __unpin(ptr: usize): void {}
@global @unsafe export function __visit(ptr: usize, cookie: u32): void { visit(ptr, cookie); }
/* Only a use makes the compiler keep the global that tells where static memory ends. */
export function __staticEnd(): usize { return __heap_base; }
@global @unsafe export function __collect(): void { collect(); }
`
}
