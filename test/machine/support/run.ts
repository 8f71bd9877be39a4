/** A computer run in the test's own thread, with nobody outside. */
import type { Computer } from '../../../src/machine/computer.ts'
import { Control, createControl } from '../../../src/machine/control.ts'
import type { Exit } from '../../../src/machine/exit.ts'
import { Runner, type RunnerOptions } from '../../../src/machine/runner.ts'

const nothing = (): void => {}

/** To its end, or where `options` say. Idle time leaps; no input comes and nobody waits for output, unless `poll` and `flush` are given. */
export function runComputer(
  { board, clock, cpu }: Computer,
  options: Partial<RunnerOptions> & Pick<RunnerOptions, 'maxInstructions'>,
): Exit {
  return new Runner({
    board,
    clock,
    processor: cpu,
    control: new Control(createControl()),
    idle: 'leap',
    poll: nothing,
    flush: nothing,
    ...options,
  }).run()
}
