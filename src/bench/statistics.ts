/** What is said of a figure that varies. */

export interface Distribution {
  /** As they came. */
  readonly samples: readonly number[]
  readonly mean: number
  readonly median: number
  /** Half the width of the 95 % confidence interval of the mean (Student's t); undefined for fewer than two samples. */
  readonly margin?: number
}

/** Student's t for 95 %, two-sided, by degrees of freedom from 1 on; beyond the table it is that of the normal distribution. */
const t95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]
const NORMAL = 1.96

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function distribution(samples: readonly number[]): Distribution {
  const n = samples.length
  const mean = samples.reduce((sum, each) => sum + each, 0) / n
  if (n < 2) return { samples, mean, median: median(samples) }
  const variance = samples.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1)
  return {
    samples,
    mean,
    median: median(samples),
    margin: (t95[n - 2] ?? NORMAL) * Math.sqrt(variance / n),
  }
}
