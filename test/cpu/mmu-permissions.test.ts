/** Paging permissions against a model written from SDM Vol. 3A, 4.5 to 4.7 and 4.13 (canonical addresses, LASS, page rights, protection keys), case by case. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { Helpers } from './helpers-harness.ts'

/** Canonical with 48 bits in either half, or only with 57. */
const PLACES = {
  lower: 0x7f_1234_5000n,
  upper: 0xffff_ff12_3456_7000n,
  wideLower: 0x0012_3412_3456_8000n,
  wideUpper: 0xffab_cd12_3456_8000n,
}
const PAGE = 0x20_0000

interface Case {
  present: boolean[]
  writable: boolean[]
  user: boolean[]
  executeDisable: boolean[]
  reserved: number
  wp: boolean
  smep: boolean
  smap: boolean
  nxe: boolean
  ac: boolean
  cpl: 0 | 3
  place: keyof typeof PLACES
  la57: boolean
  lass: boolean
  pke: boolean
  pks: boolean
  /** Key of the page, and the rights of keys in PKRU and IA32_PKRS: access disabled (1) and write disabled (2). */
  key: number
  userRights: number
  supervisorRights: number
  access: 'read' | 'write' | 'fetch'
}

const levels = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })
const mostly = fc.array(
  fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  { minLength: 4, maxLength: 4 },
)
const cases: fc.Arbitrary<Case> = fc.record({
  present: fc.constantFrom(
    [true, true, true, true],
    [true, true, true, true],
    [true, true, true, false],
    [true, true, false, true],
  ),
  writable: fc.oneof(mostly, levels),
  user: fc.oneof(mostly, levels),
  executeDisable: fc.oneof(
    mostly.map((all) => all.map((x) => !x)),
    levels,
  ),
  /** Level whose entry has a reserved address bit set, 0 for none. */
  reserved: fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 3, 4, 5),
  wp: fc.boolean(),
  smep: fc.boolean(),
  smap: fc.boolean(),
  nxe: fc.boolean(),
  ac: fc.boolean(),
  cpl: fc.constantFrom(0, 3),
  place: fc.constantFrom('lower', 'lower', 'upper', 'wideLower', 'wideUpper'),
  la57: fc.boolean(),
  lass: fc.boolean(),
  pke: fc.boolean(),
  pks: fc.boolean(),
  key: fc.integer({ min: 0, max: 15 }),
  userRights: fc.integer({ min: 0, max: 3 }),
  supervisorRights: fc.integer({ min: 0, max: 3 }),
  access: fc.constantFrom('read', 'write', 'fetch'),
})

/** Page-fault error code, 'GP' when the access does not come to paging, or null when it is allowed. Index 0 of the lists is the PML4E. */
function model(c: Case): number | 'GP' | null {
  const isUser = c.cpl === 3
  if (!c.la57 && c.place.startsWith('wide')) return 'GP'
  if (c.lass) {
    const lower = !c.place.toLowerCase().endsWith('upper')
    if (isUser && !lower) return 'GP'
    if (!isUser && lower && (c.access === 'fetch' || (c.smap && !c.ac))) return 'GP'
  }
  let code = (c.access === 'write' ? 2 : 0) | (isUser ? 4 : 0)
  if (c.access === 'fetch' && (c.smep || c.nxe)) code |= 16
  if (c.la57 && c.reserved === 5) return code | 9
  for (let i = 0; i < 4; i++) {
    if (!c.present[i]) return code
    if (c.reserved === 4 - i) return code | 9
    if (c.executeDisable[i] && !c.nxe) return code | 9
  }
  const userPage = c.user.every(Boolean)
  const writable = c.writable.every(Boolean)
  const disabled = c.nxe && c.executeDisable.some(Boolean)
  let allowed: boolean
  if (isUser) {
    if (!userPage) allowed = false
    else if (c.access === 'write') allowed = writable
    else if (c.access === 'fetch') allowed = !disabled
    else allowed = true
  } else if (c.access === 'fetch') {
    allowed = userPage ? !c.smep && !disabled : !disabled
  } else {
    const open = !userPage || !c.smap || c.ac
    allowed = c.access === 'read' ? open : open && (!c.wp || writable)
  }
  const keyed = c.access !== 'fetch' && (userPage ? c.pke : c.pks)
  const rights = userPage ? c.userRights : c.supervisorRights
  const writeDisabled = (rights & 2) !== 0 && c.access === 'write' && (c.wp || isUser)
  const denied = keyed && ((rights & 1) !== 0 || writeDisabled)
  if (denied) return code | 0x21
  return allowed ? null : code | 1
}

function build(c: Case): Helpers {
  const h = new Helpers()
  h.enterLongMode()
  if (c.la57) h.set(L.CR4, 0x1020n)
  const VA = PLACES[c.place]
  h.map(VA, PAGE, 7n | (BigInt(c.key) << 59n))
  // Entries are found through the tables, so all are found before the first is changed.
  const slots = [4, 3, 2, 1].map((level) => h.entry(VA, level))
  const root = Number(h.get(L.CR3)) + (c.la57 ? 8 * Number((VA >> 48n) & 511n) : 0)
  if (c.la57 && c.reserved === 5) h.write64(root, h.read64(root) | (1n << 45n))
  for (const [i, slot] of slots.entries()) {
    let entry = h.read64(slot) & ~7n
    if (c.present[i]) entry |= 1n
    if (c.writable[i]) entry |= 2n
    if (c.user[i]) entry |= 4n
    if (c.executeDisable[i]) entry |= 1n << 63n
    if (c.reserved === 4 - i) entry |= 1n << 45n
    h.write64(slot, entry)
  }
  h.set(L.CR0, c.wp ? 0x8001_0033n : 0x8000_0033n)
  const controls = { 12: c.la57, 20: c.smep, 21: c.smap, 22: c.pke, 24: c.pks, 27: c.lass }
  h.set(
    L.CR4,
    Object.entries(controls).reduce((cr4, [bit, on]) => cr4 | (on ? 1n << BigInt(bit) : 0n), 0x20n),
  )
  // Every other key forbids everything.
  const rights = (own: number): number => (~(3 << (2 * c.key)) | (own << (2 * c.key))) >>> 0
  h.set32(L.PKRU, rights(c.userRights))
  h.set32(L.PKRS, rights(c.supervisorRights))
  h.set(L.EFER, c.nxe ? 0xd01n : 0x501n)
  h.set(L.RFLAGS, 2n | (c.ac ? 1n << 18n : 0n))
  h.set32(L.CPL, c.cpl)
  h.refresh()
  return h
}

function attempt(h: Helpers, VA: bigint, access: Case['access']): ReturnType<typeof model> {
  if (access === 'read') h.value('load32', VA + 8n)
  else if (access === 'write') h.call('store32', VA + 8n, 0x55n)
  else h.value('translateExec', VA + 8n)
  const exception = h.exception()
  if (!exception) return null
  if (exception[0] === 13 && exception[1] === 0) return 'GP'
  expect(exception[0]).toBe(14)
  expect(h.get(L.CR2)).toBe(VA + 8n)
  return exception[1]
}

test('every combination of rights, mode bits and access gives the fault of the manual', () => {
  fc.assert(
    fc.property(cases, (c) => {
      const h = build(c)
      const VA = PLACES[c.place]
      expect(attempt(h, VA, c.access)).toBe(model(c))
      // Again with a warm TLB, and with another kind of access after it: the answer may not depend on what came before.
      for (const access of ['read', 'write', 'fetch', c.access] as const) {
        expect(attempt(h, VA, access)).toBe(model({ ...c, access }))
      }
    }),
    { numRuns: 2000 },
  )
})

test('the tags that a walk leaves allow exactly what the model allows', () => {
  fc.assert(
    fc.property(cases, (c) => {
      const h = build(c)
      const VA = PLACES[c.place]
      const fault = attempt(h, VA, c.access)
      const tags = h.tags(VA)
      if (fault !== null) {
        expect(tags).toEqual([false, false, false])
        return
      }
      const allows = (access: Case['access']): boolean => model({ ...c, access }) === null
      // A write tag also needs D, which only a write sets.
      expect(tags).toEqual([allows('read'), c.access === 'write' && allows('write'), allows('fetch')])
    }),
    { numRuns: 600 },
  )
})

test('accessed and dirty bits are set where and when the manual says', () => {
  const h = new Helpers()
  h.enterLongMode()
  const VA = PLACES.lower
  h.map(VA, PAGE, 3n)
  const bits = (): bigint[] => [4, 3, 2, 1].map((level) => (h.read64(h.entry(VA, level)) >> 5n) & 3n)
  expect(bits()).toEqual([0n, 0n, 0n, 0n])
  h.value('load8', VA)
  expect(bits()).toEqual([1n, 1n, 1n, 1n])
  h.call('store8', VA, 1n)
  expect(bits()).toEqual([1n, 1n, 1n, 3n])
})
