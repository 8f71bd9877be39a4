/**
 * Derives from the table of calls (`src/kernel/api/calls.ts`) the guest sources below `src/kernel/api/gen/`:
 * `kernel.ts` declares the calls to the application, `direct.ts` runs them as they are, `checked.ts` checks and
 * copies the caller's buffers first.
 */
import { type Call, type Parameter, calls } from '../../kernel/api/calls.ts'

const header = '/** Generated from `../calls.ts` by `src/toolchain/calls/generate.ts`; do not edit. */\n'

const isBuffer = ({ kind }: Parameter): boolean => kind === 'in' || kind === 'out' || kind === 'inout'
const typeOf = (parameter: Parameter): string => (isBuffer(parameter) ? 'usize' : parameter.kind)
const signature = (call: Call): string =>
  call.parameters.map((parameter) => `${parameter.name}: ${typeOf(parameter)}`).join(', ')
const names = (call: Call): string => call.parameters.map(({ name }) => name).join(', ')

/** What an application imports; the module's name, `kernel`, is the linker's. */
export function generateDeclarations(): string {
  return (
    header +
    calls.map((call) => `export declare function ${call.name}(${signature(call)}): ${call.result}\n`).join('')
  )
}

function imports(): string {
  const modules = [...new Set(calls.map(({ module }) => module))]
  return modules
    .map((module) => {
      const used = calls.filter((call) => call.module === module)
      const list = used.map(({ name }) => `  ${name} as ${name}Work,\n`).join('')
      return `import {\n${list}} from '../../${module}'\n`
    })
    .join('')
}

/** The calls as functions that enter the kernel and leave it again. */
export function generateDirect(): string {
  const functions = calls.map((call) => {
    const run = `${call.name}Work(${names(call)})`
    const body =
      call.result === 'void'
        ? `  ${run}\n  leaveKernel()\n`
        : `  const result = ${run}\n  leaveKernel()\n  return result\n`
    return `\nexport function ${call.name}(${signature(call)}): ${call.result} {\n  enterKernel()\n${body}}\n`
  })
  return `${header}import { enterKernel, leaveKernel } from '../../task/critical'\n${imports()}${functions.join('')}`
}

/** Statements before and after the work, and the argument that stands for one parameter. */
interface Treatment {
  before: string
  argument: string
  after: string
}

function treat(call: Call, parameter: Parameter, offset: string): Treatment {
  const { name, kind } = parameter
  const length = parameter.bytes === undefined ? `${name}Bytes` : String(parameter.bytes)
  const isWrite = kind !== 'in'
  let before = ''
  if (parameter.bytes === undefined) {
    const { count, unit } = parameter
    const most = `BOUNCE / ${2 * unit!}`
    if (call.isPartial) before += `  if (${count} > ${most}) ${count} = ${most}\n`
    else before += `  if (${count} > ${most}) return leaveWith(-EINVAL)\n`
    before += `  const ${name}Bytes = ${count}${unit === 1 ? '' : ` * ${unit}`}\n`
  }
  before += `  checkBuffer(${name}, ${length}, ${isWrite}, '${call.name}', '${name}')\n`
  before += `  const ${name}Copy = borrow(${offset})\n`
  if (kind !== 'out') before += `  copyFromUser(${name}Copy, ${name}, ${length})\n`
  let after = ''
  if (isWrite) {
    const copied = parameter.isResultLong
      ? `<u32>result${parameter.unit === 1 ? '' : ` * ${parameter.unit}`}`
      : length
    const condition =
      call.result === 'i32' ? (parameter.isResultLong ? 'if (result > 0) ' : 'if (result >= 0) ') : ''
    after = `  ${condition}copyToUser(${name}, ${name}Copy, ${copied})\n`
  }
  return { before, argument: `${name}Copy`, after }
}

/** The calls as the dispatch table reaches them: `checked_<name>`. */
export function generateChecked(): string {
  const functions = calls.map((call) => {
    let before = ''
    let after = ''
    let offset = '0'
    const args: string[] = []
    for (const parameter of call.parameters) {
      if (!isBuffer(parameter)) {
        args.push(parameter.name)
        continue
      }
      const treatment = treat(call, parameter, offset)
      before += treatment.before
      after += treatment.after
      args.push(treatment.argument)
      offset =
        parameter.bytes === undefined
          ? `(${parameter.name}Bytes + 15) & ~15`
          : String((parameter.bytes + 15) & ~15)
    }
    const run = `${call.name}Work(${args.join(', ')})`
    const isVoid = call.result === 'void'
    return (
      `\nexport function checked_${call.name}(${signature(call)}): ${call.result} {\n  enterKernel()\n${before}` +
      `  ${isVoid ? '' : 'const result = '}${run}\n${after}  leaveKernel()\n${isVoid ? '' : '  return result\n'}}\n`
    )
  })
  return (
    `${header}import { EINVAL } from '../errno'\n` +
    `import { BOUNCE, borrow, checkBuffer, copyFromUser, copyToUser } from '../../mm/user-memory'\n` +
    `import { enterKernel, leaveKernel } from '../../task/critical'\n${imports()}\n` +
    `function leaveWith(status: i32): i32 {\n  leaveKernel()\n  return status\n}\n${functions.join('')}`
  )
}

/** File name below `src/kernel/api/gen/` → its text. */
export function generateCalls(): Map<string, string> {
  return new Map([
    ['kernel.ts', generateDeclarations()],
    ['direct.ts', generateDirect()],
    ['checked.ts', generateChecked()],
  ])
}
