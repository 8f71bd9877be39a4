/**
 * ACPI tables (ACPI 6.5 §5.2): just enough to find the power-management timer and to power off. All tables must lie
 * below 1 GiB, in identity-mapped memory.
 */
import { IDENTITY_END } from '../mm/frames'

const SIGNATURE_RSDP: u64 = 0x2052_5450_2044_5352 // "RSD PTR "
const SIGNATURE_FADT: u32 = 0x5043_4146 // "FACP"
const HEADER: usize = 36

const FADT_DSDT: usize = 40
const FADT_PM1A_CONTROL: usize = 64
const FADT_PM_TIMER: usize = 76
const SLEEP_ENABLE: u32 = 1 << 13

/** The ports found, and 0 for what is missing; static, because a panic asks too. */
let timerPort: u32 = 0
let controlPort: u32 = 0
let sleepType: u32 = 0

export function powerManagementTimer(): u32 {
  return timerPort
}

/** PM1a control port; 0 if the machine cannot be powered off. */
export function powerOffPort(): u32 {
  return controlPort
}

export function powerOffValue(): u32 {
  return (sleepType << 10) | SLEEP_ENABLE
}

function isInMemory(address: u64): bool {
  return address >= 4096 && address < IDENTITY_END - 4096
}

/** The root pointer in the BIOS area, for boot protocols that do not pass it. */
function scanForRoot(): usize {
  for (let address: usize = 0xe_0000; address < 0x10_0000; address += 16)
    if (load<u64>(address) == SIGNATURE_RSDP) return address
  return 0
}

/** The value of the first element of the package `_S5_` in the DSDT's byte code (§20.2): SLP_TYPa for soft-off. */
function findSleepType(dsdt: usize): bool {
  const end = dsdt + min<usize>(load<u32>(dsdt, 4), 0x10_0000) - 8
  for (let at = dsdt + HEADER; at < end; at++) {
    if (load<u32>(at) != 0x5f35_535f || load<u8>(at, 4) != 0x12) continue // "_S5_", PackageOp
    // PkgLength takes 1 to 4 bytes, then comes the number of elements.
    let value = at + 6 + (load<u8>(at, 5) >> 6) + 1
    if (load<u8>(value) == 0x0a) value++ // BytePrefix; without it ZeroOp or OneOp are values themselves
    sleepType = load<u8>(value)
    return true
  }
  return false
}

function readFadt(fadt: usize): void {
  timerPort = load<u32>(fadt, FADT_PM_TIMER)
  const dsdt = <u64>load<u32>(fadt, FADT_DSDT)
  if (isInMemory(dsdt) && findSleepType(<usize>dsdt)) controlPort = load<u32>(fadt, FADT_PM1A_CONTROL)
}

/** Reads the tables from the root pointer at `root`; 0 means to look for it. */
export function initAcpi(root: usize): void {
  const pointer = root != 0 ? root : scanForRoot()
  if (pointer == 0 || !isInMemory(pointer) || load<u64>(pointer) != SIGNATURE_RSDP) return
  const table = <u64>load<u32>(pointer, 16)
  if (!isInMemory(table)) return
  const count = (min<usize>(load<u32>(<usize>table, 4), 4096) - HEADER) / 4
  for (let i: usize = 0; i < count; i++) {
    const entry = <u64>load<u32>(<usize>table + HEADER + i * 4)
    if (isInMemory(entry) && load<u32>(<usize>entry) == SIGNATURE_FADT) readFadt(<usize>entry)
  }
}
