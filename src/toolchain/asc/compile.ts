/** AssemblyScript's compiler as a function: TypeScript sources in, optimised wasm and its source map out. */
import { type Complaint, ProgramError } from './error.ts'
import { runtimeGlue } from './runtime.ts'
import { Sources } from './sources.ts'

export interface GuestProgram {
  /** Name of the entry module in `sources.generated`. */
  readonly entry: string
  readonly sources: Sources
  /** The user's main file, for messages. */
  readonly path?: string
  /** Module (`onering/runtime/…`) that holds allocator, collector and `abort`. */
  readonly runtime: string
  /** Virtual address of the first byte of static data. */
  readonly memoryBase: number
  /**
   * Whether initialisers of module variables may need code, which is then exported as `_start`. The kernel has none:
   * it could not say when they are to run.
   */
  readonly hasInitialisers: boolean
  /** Index of the first function in the table of function references. */
  readonly tableBase: number
}

export interface GuestWasm {
  readonly wasm: Uint8Array
  readonly sourceMap: string
  /** Address behind the last byte of static memory, including what is zero and therefore in no data segment. */
  readonly staticEnd: number
}

interface Diagnostic {
  message: string
  category: number
  range: { start: number; source: { normalizedPath: string } | null } | null
}

const categoryError = 3
const runtimeName = 'onering-runtime'

/** The compiler's message without the paths inside its library: `'~lib/string/String'` becomes `'String'`. */
function readable(message: string): string {
  return message.replaceAll(/~lib\/(?:[^' ]*\/)?([^'/ ]+)/g, '$1')
}

/** The line and column of `offset` in `text`, both from 1. */
function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - before.lastIndexOf('\n') }
}

/**
 * Compiles one guest program. Memory is never bounds-checked, page 0 is never used, and the optimiser runs at full
 * strength.
 *
 * @throws ProgramError with every diagnostic of the compiler.
 */
export async function compileGuest(program: GuestProgram): Promise<GuestWasm> {
  // Loading the compiler takes longer than starting a machine, and what is cached needs none.
  const { default: asc } = await import('assemblyscript/asc')
  const { sources } = program
  const outputs = new Map<string, Uint8Array | string>()
  const complaints: Complaint[] = []
  const glue = runtimeGlue(program.runtime)
  const read = (name: string): string | null => (name === `${runtimeName}.ts` ? glue : sources.readFile(name))
  const report = (diagnostic: Diagnostic): void => {
    if (diagnostic.category !== categoryError) return
    const name = diagnostic.range?.source?.normalizedPath
    const text = name === undefined ? null : sources.text(name)
    if (diagnostic.range == null || name === undefined || text === null)
      return void complaints.push({ message: readable(diagnostic.message) })
    complaints.push({
      file: sources.display(name),
      ...position(text, diagnostic.range.start),
      message: readable(diagnostic.message),
    })
  }
  const hooks = new CompilerHooks()
  const { error, stderr } = await asc.main(
    [
      program.entry,
      '--outFile',
      'program.wasm',
      '--sourceMap',
      '--debug',
      '--optimizeLevel',
      '3',
      '--shrinkLevel',
      '0',
      '--runtime',
      runtimeName,
      '--memoryBase',
      String(program.memoryBase),
      '--tableBase',
      String(program.tableBase),
      ...(program.hasInitialisers ? ['--exportStart', '_start'] : []),
      '--enable',
      'simd',
      '--noExportMemory',
      '--use',
      `abort=~lib/${program.runtime}/abort`,
      '--use',
      `trace=~lib/${program.runtime}/trace`,
      '--use',
      `seed=~lib/${program.runtime}/seed`,
    ],
    {
      readFile: read,
      writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
      listFiles: () => [],
      reportDiagnostic: report as never,
      transforms: [hooks.adapter() as never],
    },
  )
  if (complaints.length > 0) throw new ProgramError(complaints)
  const wasm = outputs.get('program.wasm')
  const sourceMap = outputs.get('program.wasm.map')
  if (error !== null || wasm === undefined || sourceMap === undefined)
    throw new ProgramError([
      { message: `the AssemblyScript compiler failed: ${error?.message ?? stderr.toString()}` },
    ])
  return { wasm: wasm as Uint8Array, sourceMap: String(sourceMap), staticEnd: hooks.staticEnd }
}

/** The parts of asc's objects that the transform below touches. */
interface Binaryen {
  getGlobalInfo(global: number): { init: number }
  getExpressionInfo(expression: number): { value: number }
}

/**
 * With a runtime of one's own asc keeps every live reference on a shadow stack. Our collector scans the real stacks of
 * all threads, so the shadow stack would only cost time. The transform also reads where static memory ends.
 */
class CompilerHooks {
  staticEnd = 0

  /** A class, as asc wants it: asc makes the instance, and gives its prototype the compiler's objects. */
  adapter(): new () => object {
    const result = (end: number): void => void (this.staticEnd = end)
    return class {
      declare readonly program: { options: { stackSize: number }; module: { useShadowStack: boolean } }
      declare readonly binaryen: Binaryen

      afterParse(): void {
        this.program.options.stackSize = 0
        this.program.module.useShadowStack = false
      }

      afterCompile(module: { getGlobal(name: string): number }): void {
        const { init } = this.binaryen.getGlobalInfo(module.getGlobal('~lib/memory/__heap_base'))
        result(this.binaryen.getExpressionInfo(init).value)
      }
    }
  }
}
