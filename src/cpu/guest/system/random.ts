/** The number behind RDRAND and RDSEED: 64 bits of the machine's recorded random stream. */
import { random as hostRandom } from '../host'

export function random(cpu: usize): u64 {
  return hostRandom(cpu)
}
