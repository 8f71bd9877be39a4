/** What the same work runs on. */
import { fileURLToPath } from 'node:url'
import type { Command } from './timing.ts'

export const machines = ['onering', 'QEMU', 'v86', 'native'] as const
export type MachineName = (typeof machines)[number]

const EXIT_DEVICE = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4']

export function onering(image: string, ...more: readonly string[]): Command {
  return {
    program: process.execPath,
    args: ['dist/cli/main.js', 'run', image, '--net', 'none', '--quiet', ...more],
  }
}

/** QEMU's own emulator, TCG, not KVM. */
export function qemu(image: string, ...more: readonly string[]): Command {
  const machine = '-accel tcg -cpu max -m 512M -display none -serial stdio -monitor none -no-reboot -net none'
  return {
    program: 'qemu-system-x86_64',
    args: [...machine.split(' '), ...EXIT_DEVICE, '-kernel', image, ...more],
  }
}

/** A 32-bit multiboot image in v86, in a Node process of its own. */
export function v86(image: string): Command {
  const program = fileURLToPath(new URL('v86.ts', import.meta.url))
  return { program: process.execPath, args: ['--import', 'tsx', program, image] }
}
