/**
 * Breaks out of ring 3 in as many ways as there are threads below; each must end with a message of the kernel that says
 * what it did, while this program goes on and serves.
 */
import { console, join, print, send, spawn } from 'onering'
import { cli, framePointer, read32, rdmsr, write32, write64 } from './cpu'
import { write } from './kernel'

const KERNEL: usize = 0x10_2000
const KERNEL_CODE: u64 = 0x10_8000

function readKernel(_argument: u32): void {
  print(`read ${read32(KERNEL)}\n`)
}

function writeKernel(_argument: u32): void {
  write32(KERNEL, 1)
}

function readNull(address: u32): void {
  print(`read ${read32(address)}\n`)
}

function privileged(_argument: u32): void {
  cli()
}

function readMsr(_argument: u32): void {
  print(`msr ${rdmsr(0xc000_0080)}\n`)
}

function kernelPointer(_argument: u32): void {
  write(1, KERNEL, 16)
}

function wildPointer(_argument: u32): void {
  write(1, 0xffff_fff0, 64)
}

/** Returns to where no call came from: into the kernel's code. */
function jumpIntoKernel(_argument: u32): void {
  write64(<usize>framePointer() + 8, KERNEL_CODE)
}

function writeOwnCode(_argument: u32): void {
  write32(0x4000_3000, 0)
}

function recursion(depth: u32): u32 {
  return depth == 0xffff_ffff ? 1 : recursion(depth + 1) + 1 + (depth & 1)
}

function overflow(_argument: u32): void {
  print(`depth ${recursion(0)}\n`)
}

function failedAssertion(_argument: u32): void {
  assert(false, 'on purpose')
}

function attack(name: string, entry: (argument: u32) => void, argument: u32): void {
  print(`# ${name}\n`)
  const status = join(spawn(entry, argument))
  console.log(status == 139 ? `stopped ${name}` : `NOT STOPPED ${name}: ${status}`)
}

export function main(): i32 {
  attack('reading kernel memory', readKernel, 0)
  attack('writing kernel memory', writeKernel, 0)
  attack('reading the null page', readNull, 8)
  attack('a privileged instruction', privileged, 0)
  attack('reading a model-specific register', readMsr, 0)
  attack('a kernel pointer to a call', kernelPointer, 0)
  attack('a pointer beyond all memory', wildPointer, 0)
  attack('jumping into the kernel', jumpIntoKernel, 0)
  attack('writing its own code', writeOwnCode, 0)
  attack('overflowing the stack', overflow, 0)
  attack('a failed assertion', failedAssertion, 0)
  console.log('still here')
  return send(99, new Uint8Array(1)) == -9 ? 0 : 1
}
