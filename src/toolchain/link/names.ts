/** Names as people read them: the wasm name section has whole paths. */

/** `~lib/onering/task/scheduler/wakeOne` → `wakeOne`; `a/Point#get:x` → `Point#get:x`. */
export function shortName(name: string): string {
  const generic = name.indexOf('<')
  const end = generic < 0 ? name.length : generic
  return name.slice(name.lastIndexOf('/', end) + 1)
}

/** `~lib/onering/task/scheduler.ts` → `kernel/task/scheduler.ts`. */
export function shortFile(file: string): string {
  return file.replace(/^~lib\/onering\//, 'kernel/')
}
