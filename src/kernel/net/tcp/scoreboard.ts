import { TcpSocket } from './socket'
import { Segment } from './codec'
import { seqLess, seqLessEqual, seqMax, seqMin } from './sequence'
import { DUPLICATE_THRESHOLD } from './state'

/**
 * What the peer has told about the bytes in flight (RFC 6675). Instead of a flag for each segment there are two edges: all below
 * `lostEdge` that is not acknowledged selectively is lost, all of that below `highRxt` has been sent again.
 */

/** Notes the SACK blocks of a segment; how many bytes were news. Blocks outside what is in flight are ignored. */
export function takeSacks(s: TcpSocket, segment: Segment): u32 {
  const before = s.sacked.bytes
  for (let index: u32 = 0; index < segment.sackCount; index++) {
    const left = segment.sackLeft(index)
    const right = segment.sackRight(index)
    if (!seqLess(left, right) || seqLess(s.sndNxt, right) || seqLessEqual(right, s.sndUna)) continue
    if (right - left > s.sndNxt - s.sndUna) continue
    s.sacked.add(seqMax(left, s.sndUna), right)
  }
  return s.sacked.bytes - before
}

/** The edge below which holes count as lost: three ranges, or more than two segments' bytes, lie above (IsLost). */
export function lossByScoreboard(s: TcpSocket): u32 {
  const ranges = s.sacked
  let bytes: u32 = 0
  let number: u32 = 0
  for (let index = ranges.count; index > 0; index--) {
    bytes += ranges.end(index - 1) - ranges.start(index - 1)
    number++
    if (bytes > (DUPLICATE_THRESHOLD - 1) * s.mss || number >= DUPLICATE_THRESHOLD)
      return ranges.start(index - 1)
  }
  return s.sndUna
}

/** Bytes that are lost and have not been sent again. */
export function lossPipe(s: TcpSocket): u32 {
  const from = seqMax(s.highRxt, s.sndUna)
  if (!seqLess(from, s.lostEdge)) return 0
  return s.lostEdge - from - s.sacked.within(from, s.lostEdge)
}

/** Finds the first lost piece that has not been sent again: `holeStart` to `holeEnd`. */
export function nextHole(s: TcpSocket): bool {
  const ranges = s.sacked
  let start = seqMax(s.highRxt, s.sndUna)
  let end = s.lostEdge
  if (!seqLess(start, end)) return false
  for (let index: u32 = 0; index < ranges.count; index++) {
    if (seqLess(start, ranges.start(index))) {
      end = seqMin(end, ranges.start(index))
      break
    }
    start = seqMax(start, ranges.end(index))
  }
  s.holeStart = start
  s.holeEnd = end
  return seqLess(start, end)
}
