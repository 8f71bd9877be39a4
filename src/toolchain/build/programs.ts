/** What is compiled for each link mode: the kernel and the application apart, or both as one program. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { GuestProgram } from '../asc/compile.ts'
import { ProgramError } from '../asc/error.ts'
import { Sources } from '../asc/sources.ts'
import { applicationBase, kernelDataBase, pageSize } from '../link/layout.ts'

const entryName = 'onering-entry.ts'
/** Index 0 of the function table stays empty, so that a forgotten function reference is caught. */
const tableBase = 1

/** In a program of its own the application has its own heap; the modules that differ. */
const applicationModules: ReadonlyMap<string, string> = new Map([
  ['runtime/region.ts', 'runtime/region-application.ts'],
  ['runtime/memory.ts', 'runtime/memory-application.ts'],
])
/** Compiled together, the application calls the kernel's functions themselves. */
const ltoModules: ReadonlyMap<string, string> = new Map([['api/gen/kernel.ts', 'api/gen/direct.ts']])

/** Exported by every application: what the entry code calls. */
function applicationExports(path: string): string {
  const text = readFileSync(path, 'utf8')
  if (!/\bexport\b[^;]*\bmain\b/.test(text))
    throw new ProgramError([{ file: path, message: 'exports no main; add: export function main(): void { … }' }])
  // The language has no way to ask for a function's result type.
  const isVoid = /\bexport\s+function\s+main\s*\(\s*\)\s*:\s*void\b/.test(text)
  const module = `./${basename(path).replace(/\.ts$/, '')}`
  return (
    `import { main as run } from ${JSON.stringify(module)}\n` +
    `export function main(): i32 { ${isVoid ? 'run(); return 0' : 'return run()'} }\n` +
    `export function thread(entry: u32, argument: u32): void { call_indirect<void>(entry, argument) }\n`
  )
}

/** The kernel by itself; `isChecked`: with calls that check and copy the application's buffers. */
export function kernelProgram(isChecked: boolean, kernelFolder: string): GuestProgram {
  const text = `export * from "onering/boot/entry-${isChecked ? 'checked' : 'direct'}"\n`
  return {
    entry: entryName,
    sources: new Sources(kernelFolder, new Map([[entryName, text]])),
    runtime: 'onering/runtime/kernel',
    memoryBase: kernelDataBase,
    tableBase,
    hasInitialisers: false,
  }
}

/** The application by itself. */
export function applicationProgram(path: string, folder: string): GuestProgram {
  return {
    entry: entryName,
    path,
    sources: new Sources(folder, new Map([[entryName, applicationExports(path)]]), applicationModules),
    runtime: 'onering/runtime/application',
    memoryBase: applicationBase + pageSize,
    tableBase,
    hasInitialisers: true,
  }
}

/** Both as one program. */
export function wholeProgram(path: string, folder: string): GuestProgram {
  const text = `export * from "onering/boot/entry"\n${applicationExports(path)}`
  return {
    entry: entryName,
    path,
    sources: new Sources(folder, new Map([[entryName, text]]), ltoModules),
    runtime: 'onering/runtime/whole',
    memoryBase: kernelDataBase,
    tableBase,
    hasInitialisers: true,
  }
}
