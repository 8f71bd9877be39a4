/** The build in order. A step names what it reads, so that it runs only when that has changed. */
export interface Step {
  name: string
  /** Files or folders relative to the root whose content decides whether the step must run. */
  inputs: string[]
  /** Files or folders that must exist afterwards. */
  outputs: string[]
  run(): Promise<void>
}

import { compileCpuHelpers } from './cpu-helpers.ts'
import { buildInterpreter } from './interpreter.ts'
import { compileNetStack } from './netstack.ts'
import { compileTypeScript } from './typescript.ts'

export const steps: Step[] = [
  {
    name: 'cpu-helpers',
    inputs: [
      'src/cpu/guest',
      'src/cpu/counters.ts',
      'src/cpu/layout.ts',
      'src/cpu/probe.ts',
      'src/cpu/trace-record.ts',
      'package-lock.json',
    ],
    outputs: ['build/cpu-helpers.wasm'],
    run: compileCpuHelpers,
  },
  {
    name: 'interpreter',
    inputs: ['src/isa', 'src/cpu/wasm', 'src/cpu/semantics', 'src/cpu/interpreter', 'src/cpu/layout.ts', 'src/cpu/helpers.ts'],
    outputs: ['build/interpreter.wasm'],
    run: buildInterpreter,
  },
  {
    name: 'netstack',
    inputs: ['src/net/guest', 'src/kernel/net', 'package-lock.json'],
    outputs: ['build/netstack.wasm'],
    run: compileNetStack,
  },
  {
    name: 'dist',
    inputs: ['src', 'tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'],
    outputs: ['dist'],
    run: compileTypeScript,
  },
]
