import { spawnSync } from 'node:child_process'

/** Whether a program can be started here; tests that compare with it skip visibly when it cannot. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}
