import { expect, test } from 'vitest'
import { stepTexts } from '../../src/cpu/probe-text.ts'
import { sideBySide } from '../../src/debug/trace/side-by-side/columns.ts'
import { type Step, type Walk, walkCall, WalkError } from '../../src/debug/trace/side-by-side/walk.ts'
import { loadCpuModules } from '../../src/machine/node/assets.ts'
import { buildApp } from '../../src/toolchain/index.ts'

const app = new URL('../../src/app/hello.ts', import.meta.url).pathname
const modules = loadCpuModules()
const walks = new Map<string, Promise<Walk>>()

function walk(link: string): Promise<Walk> {
  const known =
    walks.get(link) ?? buildApp(app, { link }).then(({ image }) => walkCall(image, 'write', modules))
  walks.set(link, known)
  return known
}

/** Labels of transitions and their micro-steps, without values. */
function hardware(steps: readonly Step[]): string[] {
  return steps.flatMap((step) =>
    step.kind === 'instruction'
      ? []
      : [step.transition.cause.label, ...step.transition.steps.map((each) => stepTexts[each.step]!)],
  )
}

const software = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => (step.kind === 'instruction' ? [step.text] : []))

test('SYSCALL and SYSRET do what SDM Vol. 2B lists, in that order', { timeout: 120_000 }, async () => {
  const { inward, outward } = await walk('trap')
  expect(hardware(inward)).toEqual([
    'syscall',
    'RCX ← RIP',
    'R11 ← RFLAGS',
    'RIP ←',
    'RFLAGS ←',
    'CS ←',
    'CPL ←',
    'SS ←',
  ])
  expect(hardware(outward!)).toEqual(['sysret', 'RIP ←', 'RFLAGS ←', 'CS ←', 'CPL ←', 'SS ←'])
})

test(
  'INT n checks the gate, takes the stack from the TSS and pushes five words',
  { timeout: 120_000 },
  async () => {
    const { inward } = await walk('trap:int80')
    expect(hardware(inward).slice(0, 11)).toEqual([
      'int 0x80',
      'gate ← IDT[vector]',
      'CPL ≤ gate.DPL',
      'code descriptor ← GDT/LDT[CS]',
      'RSP ← TSS.RSP[new CPL]',
      'RSP ← RSP AND −16',
      'push SS',
      'push RSP',
      'push RFLAGS',
      'push CS',
      'push RIP',
    ])
  },
)

test('a call through a gate pushes SS, RSP, CS and RIP', { timeout: 120_000 }, async () => {
  const pushes = hardware((await walk('trap:gate')).inward).filter((text) => text.startsWith('push'))
  expect(pushes).toEqual(['push SS', 'push RSP', 'push CS', 'push RIP'])
})

test('FRED pushes eight words and reads no table', { timeout: 120_000 }, async () => {
  const steps = hardware((await walk('trap:fred')).inward)
  expect(steps.filter((text) => text.startsWith('push')).length).toBe(8)
  expect(steps.filter((text) => /IDT|GDT|TSS/.test(text))).toEqual([])
})

test('the work is the same behind each trap, and the stack comes back', { timeout: 240_000 }, async () => {
  const all = await Promise.all(['trap', 'trap:int80', 'trap:gate', 'trap:fred'].map(walk))
  expect(all.map(({ workInstructions }) => workInstructions)).toEqual(all.map(() => all[0]!.workInstructions))
  expect(all.every(({ outward }) => outward !== null)).toBe(true)
})

test(
  'linked direct, the call is one instruction, and nothing of the hardware',
  { timeout: 120_000 },
  async () => {
    const { inward, outward } = await walk('direct')
    expect(software(inward).length).toBe(1)
    expect([hardware(inward), outward]).toEqual([[], []])
  },
)

test('the two columns fit 100 characters', { timeout: 120_000 }, async () => {
  const pricing = { name: 'none', cycles: () => 0, isInstruction: () => true }
  const lines = sideBySide([await walk('trap:fred'), await walk('direct')], ['trap:fred', 'direct'], pricing)
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100)
  expect(lines.some((line) => line.includes('push event data'))).toBe(true)
})

test('a call that is not there is told', { timeout: 120_000 }, async () => {
  const { image } = await buildApp(app, { link: 'direct' })
  expect(() => walkCall(image, 'nosuch', modules)).toThrow(WalkError)
})
