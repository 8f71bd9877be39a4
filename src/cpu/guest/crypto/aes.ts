/** One round of AES, and what key schedules need. FIPS 197; SDM Vol. 2, AESENC and kin. A column is a doubleword, row 0 in its lowest byte. */
import { dword, result } from './operand'

/** Multiplication by x in GF(2⁸), in each of four bytes. */
function double(w: u32): u32 {
  return ((w & 0x7f7f_7f7f) << 1) ^ (((w >> 7) & 0x0101_0101) * 0x1b)
}

/** S-box and its inverse. FIPS 197, 5.1.1: the affine image of the inverse in the field, found by walking all powers of the generator 3. */
const SBOX: usize = memory.data(256)
const INVERSE_SBOX: usize = memory.data(256)

function fillBoxes(): void {
  let power: u32 = 1
  let inverse: u32 = 1
  do {
    power ^= double(power) & 0xff
    // Division by 3.
    inverse ^= inverse << 1
    inverse ^= inverse << 2
    inverse ^= inverse << 4
    inverse &= 0xff
    if (inverse & 0x80) inverse ^= 0x09
    const byte = <u8>inverse
    const affine = byte ^ rotl<u8>(byte, 1) ^ rotl<u8>(byte, 2) ^ rotl<u8>(byte, 3) ^ rotl<u8>(byte, 4) ^ 0x63
    store<u8>(SBOX + power, affine)
    store<u8>(INVERSE_SBOX + affine, power)
  } while (power != 1)
  store<u8>(SBOX, 0x63)
  store<u8>(INVERSE_SBOX + 0x63, 0)
}
fillBoxes()

function substitute(box: usize, w: u32): u32 {
  return (
    <u32>load<u8>(box + (w & 0xff)) |
    ((<u32>load<u8>(box + ((w >> 8) & 0xff))) << 8) |
    ((<u32>load<u8>(box + ((w >> 16) & 0xff))) << 16) |
    ((<u32>load<u8>(box + (w >> 24))) << 24)
  )
}

function mixColumn(w: u32): u32 {
  const twice = double(w)
  return twice ^ rotr<u32>(twice ^ w, 8) ^ rotr<u32>(w, 16) ^ rotr<u32>(w, 24)
}

function inverseMixColumn(w: u32): u32 {
  return mixColumn(w ^ double(double(w ^ rotr<u32>(w, 16))))
}

/** Row r of the result comes from the column r places to the right (ShiftRows), or to the left. */
function gatherRows(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a & 0xff) | (b & 0xff00) | (c & 0xff_0000) | (d & 0xff00_0000)
}

const LAST: u32 = 1
const DECRYPT: u32 = 2

/** AESENC (0), AESENCLAST (1), AESDEC (2), AESDECLAST (3): state, then round key. */
export function aesRound(cpu: usize, kind: u32): u64 {
  const box = kind & DECRYPT ? INVERSE_SBOX : SBOX
  const s0 = substitute(box, dword(cpu, 0, 0))
  const s1 = substitute(box, dword(cpu, 0, 1))
  const s2 = substitute(box, dword(cpu, 0, 2))
  const s3 = substitute(box, dword(cpu, 0, 3))
  let w0: u32, w1: u32, w2: u32, w3: u32
  if (kind & DECRYPT) {
    w0 = gatherRows(s0, s3, s2, s1)
    w1 = gatherRows(s1, s0, s3, s2)
    w2 = gatherRows(s2, s1, s0, s3)
    w3 = gatherRows(s3, s2, s1, s0)
    if (!(kind & LAST)) {
      w0 = inverseMixColumn(w0)
      w1 = inverseMixColumn(w1)
      w2 = inverseMixColumn(w2)
      w3 = inverseMixColumn(w3)
    }
  } else {
    w0 = gatherRows(s0, s1, s2, s3)
    w1 = gatherRows(s1, s2, s3, s0)
    w2 = gatherRows(s2, s3, s0, s1)
    w3 = gatherRows(s3, s0, s1, s2)
    if (!(kind & LAST)) {
      w0 = mixColumn(w0)
      w1 = mixColumn(w1)
      w2 = mixColumn(w2)
      w3 = mixColumn(w3)
    }
  }
  return result(
    cpu,
    w0 ^ dword(cpu, 1, 0),
    w1 ^ dword(cpu, 1, 1),
    w2 ^ dword(cpu, 1, 2),
    w3 ^ dword(cpu, 1, 3),
  )
}

/** AESIMC: the key of a decrypting round. */
export function aesInverseMix(cpu: usize): u64 {
  return result(
    cpu,
    inverseMixColumn(dword(cpu, 0, 0)),
    inverseMixColumn(dword(cpu, 0, 1)),
    inverseMixColumn(dword(cpu, 0, 2)),
    inverseMixColumn(dword(cpu, 0, 3)),
  )
}

/** AESKEYGENASSIST: SubWord of doublewords 1 and 3, and the same rotated with the round constant. */
export function aesKeyAssist(cpu: usize, constant: u32): u64 {
  const x = substitute(SBOX, dword(cpu, 0, 1))
  const y = substitute(SBOX, dword(cpu, 0, 3))
  return result(cpu, x, rotr<u32>(x, 8) ^ constant, y, rotr<u32>(y, 8) ^ constant)
}
