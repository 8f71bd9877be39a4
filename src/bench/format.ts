/** Figures as people read them. */

/** One decimal below a hundred, none above; nothing is a dash. */
export function figure(value: number): string {
  if (value === 0) return '–'
  return Math.abs(value) < 100 ? String(Number(value.toFixed(1))) : String(Math.round(value))
}

/** A difference; what is no more than rounding is a dash. */
export function signed(value: number): string {
  return Math.abs(value) < 0.05 ? '–' : `${value > 0 ? '+' : '−'}${figure(Math.abs(value))}`
}

/** Thousands apart: 12 345. */
export function grouped(value: number): string {
  return value === 0 ? '0' : figure(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}
