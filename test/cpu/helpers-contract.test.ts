import { expect, test } from 'vitest'
import { helpers, hostImports } from '../../src/cpu/helpers.ts'
import { helpersModule } from './helpers-harness.ts'

test('the module exports what the contract lists, and nothing else', () => {
  const names = WebAssembly.Module.exports(helpersModule).map(({ name }) => name)
  expect(names.sort()).toEqual(Object.keys(helpers).sort())
})

test('the module imports nothing beyond its contract', () => {
  const known = new Set(['env.memory', ...Object.keys(hostImports).map((name) => `host.${name}`)])
  const used = WebAssembly.Module.imports(helpersModule).map(({ module, name }) => `${module}.${name}`)
  expect(used.filter((name) => !known.has(name))).toEqual([])
})
