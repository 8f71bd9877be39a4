/**
 * What is known by guest-physical address and MODE. Map beneath map rather than one number for both: V8 finds a small integer several times as fast as a
 * number beyond 2³¹.
 */
export class ByMode<T> {
  readonly #maps: (Map<number, T> | undefined)[] = []

  get(gpa: number, mode: number): T | undefined {
    return this.#maps[mode]?.get(gpa)
  }

  has(gpa: number, mode: number): boolean {
    return this.#maps[mode]?.has(gpa) ?? false
  }

  set(gpa: number, mode: number, value: T): void {
    const map = (this.#maps[mode] ??= new Map())
    map.set(gpa, value)
  }

  delete(gpa: number, mode: number): void {
    this.#maps[mode]?.delete(gpa)
  }

  clear(): void {
    this.#maps.length = 0
  }
}
