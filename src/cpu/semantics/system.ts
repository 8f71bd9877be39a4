/** System instructions, ports and strings: the helpers of `guest/` do the work; here stands how operands reach them. */
import * as L from '../layout.ts'
import type { HelperName } from '../helpers.ts'
import { and, extendU, i32, i64, loadI64, ltU, ne, or, select, shl, wrap, type I32 } from '../wasm/index.ts'
import type { Access, Context } from './context.ts'
import { modal, plain, type Definition, type Definitions } from './definition.ts'
import { CF, ZF } from './flags.ts'
import { toI64, truncate } from './values.ts'

const call = (name: HelperName): Definition => plain((c) => c.system(name))
const bytes = (c: Context): I32 => i32(c.shape.operandBits / 8)
const sized = (name: HelperName): Definition => plain((c) => c.system(name, bytes(c)))
const withSelector = (name: HelperName): Definition => plain((c) => c.system(name, c.read(0, 16)))
/** Bytes of an FXSAVE area, and of the smallest XSAVE area. */
const FXSAVE_BYTES = 512
const XSAVE_BYTES = 576
/** With the operand size in bytes; FXSAVE64 and the like have 8. */
const withArea = (name: HelperName, access: Access, size: number): Definition =>
  plain((c) => c.system(name, c.address(0, access, size), bytes(c)))

/** Descriptor table registers are always loaded and stored with 64-bit bases in 64-bit code. */
const table = (name: HelperName, access: Access): Definition =>
  modal((c) => c.system(name, c.address(0, access, 6), c.shape.long ? i32(8) : bytes(c)))

const stringNames = ['movs', 'stos', 'lods', 'scas', 'cmps', 'ins', 'outs'] as const
const withSource = new Set<string>(['movs', 'lods', 'cmps', 'outs'])
const sizes = { b: 1, w: 2, d: 4, q: 8 }

function string(name: (typeof stringNames)[number], size: number): Definition {
  return modal((c) => {
    const args = [i32(size), c.field('repeat'), c.field('address')]
    if (withSource.has(name)) args.push(c.field('segment'))
    c.system(name, ...args)
  })
}

/** SLDT, STR: a selector, zero-extended in a register, 16 bits in memory. */
const storeSelector = (seg: number): Definition =>
  plain((c) => {
    const { bits } = c.operand(0)
    c.system('checkSelectorStore')
    const value = and(c.stateI32(L.SEGMENTS + seg * L.SEG_SIZE + L.SEG_SELECTOR), i32(0xffff))
    c.write(0, bits === 64 ? extendU(value) : value)
  })

function storeMachineStatus(c: Context): void {
  c.system('checkUmip')
  c.write(0, truncate(c.stateI64(L.CR0), c.operand(0).bits))
}

function setZero(c: Context, zero: I32): void {
  c.setAllFlags(or(and(c.rflags(), i64(~ZF)), shl(extendU(zero), i64(6))))
}

/** VERR, VERW, LAR, LSL: -1 says that the selector is not acceptable. */
function inspect(name: HelperName): Definition {
  return plain((c) => {
    const result = c.systemValue(name, c.read(c.operands.length - 1, 16))
    const found = c.let(ne(result, i64(-1)))
    setZero(c, found)
    if (c.operands.length === 2) c.f.if(found, () => c.write(0, truncate(result, c.operand(0).bits)))
  })
}

/** ARPL: raises the requested privilege level of a selector to that of another. */
function adjustRpl(c: Context): void {
  c.system('checkProtected')
  const x = c.readForWrite(0) as I32
  const rpl = c.let(and(c.read(1) as I32, i32(3)))
  const lower = c.let(ltU(and(x, i32(3)), rpl))
  c.writeBack(0, select(lower, or(and(x, i32(~3)), rpl), x))
  setZero(c, lower)
}

const readBase = (seg: number): Definition =>
  plain((c) => c.system('rdSegBase', i32(seg), c.registerNumber(0), i32(c.operand(0).bits / 8)))
const writeBase = (seg: number): Definition => plain((c) => c.system('wrSegBase', i32(seg), toI64(c.read(0))))

/** RDRAND and RDSEED always succeed: CF = 1, the others 0. */
function random(c: Context): void {
  const value = c.pure('random')
  c.setAllFlags(i64(CF))
  c.write(0, truncate(value, c.operand(0).bits))
}

const none = plain(() => {})

export const systemInstructions: Definitions = {
  ids: Object.fromEntries(
    stringNames.flatMap((name) =>
      Object.entries(sizes).map(([suffix, size]) => [`${name}${suffix}`, string(name, size)]),
    ),
  ),
  mnemonics: {
    syscall: call('syscall'),
    sysret: plain((c) => c.system('sysret', i32(4))),
    sysretq: plain((c) => c.system('sysret', i32(8))),
    sysenter: call('sysenter'),
    sysexit: plain((c) => c.system('sysexit', i32(4))),
    sysexitq: plain((c) => c.system('sysexit', i32(8))),
    swapgs: call('swapgs'),
    erets: call('erets'),
    eretu: call('eretu'),
    lkgs: withSelector('lkgs'),
    hlt: call('hlt'),
    cli: call('cli'),
    sti: call('sti'),
    stac: call('stac'),
    clac: call('clac'),
    rdpkru: call('rdpkru'),
    wrpkru: call('wrpkru'),
    clts: call('clts'),
    pushf: sized('pushf'),
    pushfd: sized('pushf'),
    pushfq: sized('pushf'),
    popf: sized('popf'),
    popfd: sized('popf'),
    popfq: sized('popf'),
    rdmsr: call('readMsr'),
    wrmsr: call('writeMsr'),
    cpuid: call('cpuid'),
    rdtsc: call('rdtsc'),
    rdtscp: call('rdtscp'),
    rdpmc: call('rdpmc'),
    rdpid: plain((c) => c.write(0, truncate(loadI64(c.cpu, L.TSC_AUX), c.operand(0).bits))),
    xgetbv: call('xgetbv'),
    xsetbv: call('xsetbv'),
    invd: call('wbinvd'),
    wbinvd: call('wbinvd'),
    wbnoinvd: call('wbinvd'),
    invlpg: plain((c) => c.system('invlpg', c.address(0, 'none'))),
    invpcid: plain((c) => c.system('invpcid', toI64(c.read(0)), c.address(1, 'read', 16))),
    // The processor may leave MWAIT at any time; halting is the quietest way to wait.
    monitor: none,
    mwait: call('hlt'),
    lgdt: table('lgdt', 'read'),
    lidt: table('lidt', 'read'),
    sgdt: table('sgdt', 'write'),
    sidt: table('sidt', 'write'),
    lldt: withSelector('lldt'),
    ltr: withSelector('ltr'),
    lmsw: withSelector('lmsw'),
    sldt: storeSelector(L.LDTR),
    str: storeSelector(L.TR),
    smsw: plain(storeMachineStatus),
    verr: inspect('verr'),
    verw: inspect('verw'),
    lar: inspect('lar'),
    lsl: inspect('lsl'),
    arpl: plain(adjustRpl),
    rdfsbase: readBase(L.FS),
    rdgsbase: readBase(L.GS),
    wrfsbase: writeBase(L.FS),
    wrgsbase: writeBase(L.GS),
    fxsave: withArea('fxsave', 'write', FXSAVE_BYTES),
    fxsave64: withArea('fxsave', 'write', FXSAVE_BYTES),
    fxrstor: withArea('fxrstor', 'read', FXSAVE_BYTES),
    fxrstor64: withArea('fxrstor', 'read', FXSAVE_BYTES),
    xsave: withArea('xsave', 'write', XSAVE_BYTES),
    xsave64: withArea('xsave', 'write', XSAVE_BYTES),
    xsaveopt: withArea('xsaveopt', 'write', XSAVE_BYTES),
    xsaveopt64: withArea('xsaveopt', 'write', XSAVE_BYTES),
    xsavec: withArea('xsavec', 'write', XSAVE_BYTES),
    xsavec64: withArea('xsavec', 'write', XSAVE_BYTES),
    xsaves: withArea('xsaves', 'write', XSAVE_BYTES),
    xsaves64: withArea('xsaves', 'write', XSAVE_BYTES),
    xrstors: withArea('xrstors', 'read', XSAVE_BYTES),
    xrstors64: withArea('xrstors', 'read', XSAVE_BYTES),
    xrstor: withArea('xrstor', 'read', XSAVE_BYTES),
    xrstor64: withArea('xrstor', 'read', XSAVE_BYTES),
    rdrand: plain(random),
    rdseed: plain(random),
    in: plain((c) => c.system('in', portOf(c, 1), i32(c.operand(0).bits / 8))),
    out: plain((c) => c.system('out', portOf(c, 0), i32(c.operand(1).bits / 8))),
  },
}

/** DX, or an 8-bit immediate. */
function portOf(c: Context, index: number): I32 {
  return c.let(and(wrap(toI64(c.read(index))), i32(0xffff)))
}
