/** Two walks of the same call in two columns: 100 characters wide, section by section. */
import { stepTexts } from '../../../cpu/probe-text.ts'
import type { MicroStep } from '../transition.ts'
import type { Pricing } from '../pricing.ts'
import type { Step, Walk } from './walk.ts'

const WIDTH = 48
const BORDER = ' │ '

/** `names`: the link modes of the walks. */
export function sideBySide(
  walks: readonly [Walk, Walk],
  names: readonly [string, string],
  pricing: Pricing,
): string[] {
  const [a, b] = walks.map((walk) => sections(walk, pricing)) as [string[][], string[][]]
  const lines = [row(names[0], names[1]), '─'.repeat(WIDTH + 1) + '┼' + '─'.repeat(WIDTH + 1)]
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i]!, b[i]!]
    for (let j = 0; j < Math.max(left.length, right.length); j++)
      lines.push(row(left[j] ?? '', right[j] ?? ''))
    lines.push(row('', ''))
  }
  return lines
}

function row(left: string, right: string): string {
  return `${cut(left).padEnd(WIDTH)}${BORDER}${cut(right)}`.trimEnd()
}

function cut(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`
}

function sections({ inward, work, workInstructions, outward }: Walk, pricing: Pricing): string[][] {
  return [
    ['To the work', ...steps(inward)],
    [`The work: ${work}`, `  ${workInstructions} instructions`],
    outward === null ? ['It has not returned'] : ['Back', ...steps(outward)],
    [
      'Together',
      ...total('to the work', inward, pricing),
      ...(outward ? total('back', outward, pricing) : []),
    ],
  ]
}

function steps(list: readonly Step[]): string[] {
  const lines: string[] = []
  let where = ''
  for (const step of list) {
    if (step.kind === 'transition') {
      const { cause, before, after, steps: microSteps } = step.transition
      lines.push(`  ▸ ${cause.label}: ring ${before.ring} → ${after.ring}`)
      for (const each of microSteps) lines.push(...microStep(each))
      continue
    }
    const place = `${step.function} (ring ${step.ring})`
    if (place !== where) lines.push(place)
    where = place
    lines.push(`  ${step.text}`)
  }
  return lines
}

/** What is written, and the value, at the end of the line when there is room. */
function microStep({ step, value }: MicroStep): string[] {
  const text = `    ${stepTexts[step] ?? `step ${step}`}`
  const number = value.toString(16)
  if (text.length + 1 + number.length <= WIDTH) return [text + number.padStart(WIDTH - text.length)]
  return [text, number.padStart(WIDTH)]
}

function total(name: string, list: readonly Step[], pricing: Pricing): string[] {
  const instructions = list.filter(({ kind }) => kind === 'instruction').length
  const transitions = list.flatMap((step) => (step.kind === 'transition' ? [step.transition] : []))
  const cycles = transitions.reduce((sum, { cause }) => {
    const own = pricing.isInstruction(cause.name) ? 1 : 0
    return sum + pricing.cycles({ rings: [own], events: { [cause.name]: 1 } })
  }, 0)
  return [
    `  ${name}: ${instructions} instructions`,
    `    ${Math.round(cycles)} modelled cycles in transitions`,
  ]
}
