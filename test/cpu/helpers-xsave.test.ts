/** What user code cannot show of extended state: XSAVES, XRSTORS, XSETBV, protection keys as component 9, and which components are in use. SDM Vol. 1, 13. */
import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { Helpers } from './helpers-harness.ts'

const GP0 = [13, 0]
const AREA = 0x2_0000
const HEADER = AREA + 512
const COMPACTED = 1n << 63n
const X87_SSE_AVX_PKRU = 0x207n

/** 64-bit mode with all components enabled, a page for areas, and something in XMM1, in the upper half of YMM2 and in PKRU. */
function withState(): Helpers {
  const h = new Helpers()
  h.enterLongMode()
  h.map(BigInt(AREA), AREA, 7n)
  h.set(L.CR4, h.get(L.CR4) | (1n << 18n))
  h.set(L.XCR0, X87_SSE_AVX_PKRU)
  h.set(L.XMM + L.XMM_STRIDE, 0x1111n)
  h.set(L.XMM + 2 * L.XMM_STRIDE + 16, 0x2222n)
  h.set32(L.PKRU, 0x5555_5554)
  h.refresh()
  return h
}

function withMask(
  h: Helpers,
  name: 'xsaves' | 'xsavec' | 'xrstors' | 'xrstor' | 'xsave',
  mask: bigint,
): number {
  h.setGpr(0, mask)
  h.setGpr(2, 0n)
  return h.call(name, BigInt(AREA), 8)
}

test('XSAVES packs the components that were asked for; PKRU follows AVX, or the header', () => {
  const h = withState()
  expect(withMask(h, 'xsaves', X87_SSE_AVX_PKRU)).toBe(0)
  expect(h.read64(HEADER + 8)).toBe(COMPACTED | X87_SSE_AVX_PKRU)
  expect(h.read64(HEADER) & ~1n).toBe(0x206n)
  expect(h.read64(AREA + 160 + 16)).toBe(0x1111n)
  expect(h.read64(AREA + 576 + 32)).toBe(0x2222n)
  expect(h.read64(AREA + 832)).toBe(0x5555_5554n)
  expect(withMask(h, 'xsaves', 0x200n)).toBe(0)
  expect(h.read64(HEADER + 8)).toBe(COMPACTED | 0x200n)
  expect(h.read64(AREA + 576)).toBe(0x5555_5554n)
})

test('the standard format has PKRU at its fixed place, and CPUID says how much room that takes', () => {
  const h = withState()
  expect(withMask(h, 'xsave', X87_SSE_AVX_PKRU)).toBe(0)
  expect(h.read64(AREA + 2688)).toBe(0x5555_5554n)
  for (const [subleaf, bytes] of [
    [0, 2696n],
    [1, 840n],
  ] as const) {
    h.setGpr(0, 0xdn)
    h.setGpr(1, BigInt(subleaf))
    h.call('cpuid')
    expect(h.gpr(3)).toBe(bytes)
  }
})

test('XRSTORS loads what XSAVES stored, and initialises what the area says is initial', () => {
  const h = withState()
  withMask(h, 'xsaves', X87_SSE_AVX_PKRU)
  h.set(L.XMM + L.XMM_STRIDE, 0n)
  h.set(L.XMM + 2 * L.XMM_STRIDE + 16, 0n)
  h.set32(L.PKRU, 0)
  expect(withMask(h, 'xrstors', X87_SSE_AVX_PKRU)).toBe(0)
  expect(h.get(L.XMM + L.XMM_STRIDE)).toBe(0x1111n)
  expect(h.get(L.XMM + 2 * L.XMM_STRIDE + 16)).toBe(0x2222n)
  expect(h.get32(L.PKRU)).toBe(0x5555_5554)
  h.write64(HEADER, 2n)
  expect(withMask(h, 'xrstors', X87_SSE_AVX_PKRU)).toBe(0)
  expect(h.get(L.XMM + 2 * L.XMM_STRIDE + 16)).toBe(0n)
  expect(h.get32(L.PKRU)).toBe(0)
})

test('XRSTORS refuses the standard format, components that are not enabled, and user code', () => {
  const h = withState()
  withMask(h, 'xsave', 7n)
  withMask(h, 'xrstors', 7n)
  expect(h.exception()).toEqual(GP0)
  withMask(h, 'xsaves', 7n)
  h.write64(HEADER + 8, COMPACTED | 0x27n)
  withMask(h, 'xrstors', 7n)
  expect(h.exception()).toEqual(GP0)
  h.setCpl(3)
  for (const name of ['xsaves', 'xrstors'] as const) {
    withMask(h, name, 7n)
    expect(h.exception()).toEqual(GP0)
  }
})

test.each([
  ['x87 alone', 1n, true],
  ['nothing', 0n, false],
  ['AVX without SSE', 5n, false],
  ['x87, SSE and AVX', 7n, true],
  ['with protection keys', X87_SSE_AVX_PKRU, true],
  ['AVX-512, which there is not', 0xe7n, false],
])('XSETBV: %s', (_, value, valid) => {
  const h = withState()
  h.setGpr(0, value)
  h.setGpr(1, 0n)
  h.setGpr(2, 0n)
  h.call('xsetbv')
  if (!valid) expect(h.exception()).toEqual(GP0)
  expect(h.get(L.XCR0)).toBe(valid ? value : X87_SSE_AVX_PKRU)
})

test('XGETBV(1) tells what is in use, with an unusual MXCSR as SSE', () => {
  const h = withState()
  const inUse = (): bigint => {
    h.setGpr(1, 1n)
    expect(h.call('xgetbv')).toBe(0)
    return h.gpr(0) & ~1n
  }
  expect(inUse()).toBe(0x206n)
  h.set(L.XMM + L.XMM_STRIDE, 0n)
  expect(inUse()).toBe(0x204n)
  h.set32(L.MXCSR, 0x1fa0)
  expect(inUse()).toBe(0x206n)
  h.setGpr(1, 2n)
  h.call('xgetbv')
  expect(h.exception()).toEqual(GP0)
})

test('IA32_XSS takes no component, as there is none for it', () => {
  const h = withState()
  h.setGpr(1, 0xda0n)
  h.setGpr(0, 0n)
  h.setGpr(2, 0n)
  expect(h.call('writeMsr')).toBe(0)
  h.setGpr(0, 0x100n)
  h.call('writeMsr')
  expect(h.exception()).toEqual(GP0)
})

test('AVX needs protected mode, CR4.OSXSAVE and XCR0', () => {
  const h = withState()
  const isRefused = (): boolean => {
    h.call('updateMode')
    return (h.get32(L.MODE) & L.MODE_NO_AVX) !== 0
  }
  expect(isRefused()).toBe(false)
  h.set(L.XCR0, 3n)
  expect(isRefused()).toBe(true)
  h.set(L.XCR0, 7n)
  h.set(L.EFER, 0n)
  h.set(L.CR0, 0x11n)
  expect(isRefused()).toBe(false)
  h.set(L.RFLAGS, 0x2_0002n)
  expect(isRefused()).toBe(true)
  h.set(L.RFLAGS, 2n)
  h.set(L.CR0, 0x10n)
  expect(isRefused()).toBe(true)
})
