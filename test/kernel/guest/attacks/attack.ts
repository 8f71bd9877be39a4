/**
 * Breaks out of ring 3 in as many ways as there are threads below; each must end with a message of the kernel that says
 * what it did, while this program goes on and serves.
 */
import { console, currentThread, join, onUpcall, print, raise, send, spawn } from 'onering'
import {
  cli,
  clts,
  framePointer,
  hlt,
  in8,
  int3,
  invlpg,
  lgdt,
  lidt,
  ltr,
  out8,
  rdmsr,
  read32,
  read64,
  readCr0,
  readFlags,
  stac,
  swapgs,
  write32,
  write64,
  writeCr3,
  writeCr4,
  writeFlags,
  wrmsr,
} from './cpu'
import { endUpcall, setUpcall, write } from './kernel'

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

function halt(_argument: u32): void {
  hlt()
}

function readPort(_argument: u32): void {
  print(`port ${in8(0x60)}\n`)
}

/** The port that ends the machine. */
function writePort(_argument: u32): void {
  out8(0xf4, 0)
}

function writeMsr(_argument: u32): void {
  wrmsr(0xc000_0082, 0)
}

function readControl(_argument: u32): void {
  print(`cr0 ${readCr0()}\n`)
}

function otherPageTables(_argument: u32): void {
  writeCr3(0x40_0000)
}

function withoutSmep(_argument: u32): void {
  writeCr4(0x620)
}

function otherIdt(_argument: u32): void {
  lidt(KERNEL)
}

function otherGdt(_argument: u32): void {
  lgdt(KERNEL)
}

function otherTask(_argument: u32): void {
  ltr(0x38)
}

function swapBases(_argument: u32): void {
  swapgs()
}

function flushTlb(_argument: u32): void {
  invlpg(KERNEL)
}

function clearTaskSwitched(_argument: u32): void {
  clts()
}

function suspendSmap(_argument: u32): void {
  stac()
}

function breakpoint(_argument: u32): void {
  int3()
}

/** POPF in ring 3 leaves IOPL and IF as they are, whatever it is given. */
function raiseIopl(_argument: u32): void {
  writeFlags((readFlags() | 0x3000) & ~(<u64>0x200))
  print(`port ${in8(0x60)}\n`)
}

function singleStep(_argument: u32): void {
  writeFlags(readFlags() | 0x100)
  print('traced\n')
}

function readStackOfKernel(_argument: u32): void {
  // The boot stack's slot is the first of the stacks.
  print(`stack ${read32(0x8007_fff0 + 0x8_0000)}\n`)
}

/** AC, NT and DF on the way into the kernel must not follow it there. */
function strangeFlags(_argument: u32): void {
  writeFlags(readFlags() | 0x4_4000)
  print('went on\n')
  writeFlags(readFlags() & ~(<u64>0x4_4000))
  assert(false, 'on purpose')
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

/** Where it will return to is code. */
function writeOwnCode(_argument: u32): void {
  write32(<usize>read64(<usize>framePointer() + 8), 0)
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

/** Has the kernel leave for where the application must not go. */
function upcallTo(address: u32): void {
  setUpcall(address, 1)
  raise(currentThread(), 0)
}

function handlerWithTables(_argument: u32): void {
  writeCr3(0x50_0000)
}

function privilegedUpcall(_argument: u32): void {
  onUpcall(handlerWithTables)
  raise(currentThread(), 0)
}

function handlerWithoutEnd(_argument: u32): void {
  print(`depth ${recursion(0)}\n`)
}

function overflowInUpcall(_argument: u32): void {
  onUpcall(handlerWithoutEnd)
  raise(currentThread(), 0)
}

/** Returns to where the kernel's way back is not. */
function handlerThatReturns(_argument: u32): void {
  write64(<usize>framePointer() + 8, KERNEL_CODE)
}

function returnIntoKernel(_argument: u32): void {
  onUpcall(handlerThatReturns)
  raise(currentThread(), 0)
}

function endWithoutUpcall(_argument: u32): void {
  print(`ended ${endUpcall()}\n`)
  cli()
}

function handlerThatEnds(_argument: u32): void {
  endUpcall()
  print('NOT ENDED\n')
}

function endTwice(_argument: u32): void {
  onUpcall(handlerThatEnds)
  raise(currentThread(), 0)
  print(`ended ${endUpcall()}\n`)
  cli()
}

/** AC, NT, DF and IOPL of a handler must follow neither the kernel nor what the handler has interrupted. */
function handlerWithFlags(_argument: u32): void {
  writeFlags(readFlags() | 0x4_7400)
  endUpcall()
}

function flagsOfUpcall(_argument: u32): void {
  onUpcall(handlerWithFlags)
  raise(currentThread(), 0)
  print(`flags ${readFlags() & 0x4_7400}\n`)
  cli()
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
  attack('halting the processor', halt, 0)
  attack('reading a port', readPort, 0)
  attack('ending the machine', writePort, 0)
  attack('writing a model-specific register', writeMsr, 0)
  attack('reading a control register', readControl, 0)
  attack('other page tables', otherPageTables, 0)
  attack('SMEP and SMAP off', withoutSmep, 0)
  attack('another IDT', otherIdt, 0)
  attack('another GDT', otherGdt, 0)
  attack('another task', otherTask, 0)
  attack('SWAPGS', swapBases, 0)
  attack('INVLPG', flushTlb, 0)
  attack('CLTS', clearTaskSwitched, 0)
  attack('STAC', suspendSmap, 0)
  attack('a breakpoint without a debugger', breakpoint, 0)
  attack('IOPL 3 and interrupts off', raiseIopl, 0)
  attack('single-stepping itself', singleStep, 0)
  attack('reading the stack of the kernel', readStackOfKernel, 0)
  attack('strange flags on the way in', strangeFlags, 0)
  attack('a kernel pointer to a call', kernelPointer, 0)
  attack('a pointer beyond all memory', wildPointer, 0)
  attack('jumping into the kernel', jumpIntoKernel, 0)
  attack('writing its own code', writeOwnCode, 0)
  attack('overflowing the stack', overflow, 0)
  attack('an upcall into the kernel', upcallTo, <u32>KERNEL_CODE)
  attack('an upcall to the null page', upcallTo, 8)
  attack('a privileged instruction in an upcall', privilegedUpcall, 0)
  attack('overflowing the stack in an upcall', overflowInUpcall, 0)
  attack('an upcall that returns into the kernel', returnIntoKernel, 0)
  attack('the end of an upcall that never began', endWithoutUpcall, 0)
  attack('the end of an upcall twice', endTwice, 0)
  attack('the flags of an upcall', flagsOfUpcall, 0)
  attack('a failed assertion', failedAssertion, 0)
  console.log('still here')
  return send(99, new Uint8Array(1)) == -9 ? 0 : 1
}
