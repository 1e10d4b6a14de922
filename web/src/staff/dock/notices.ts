/** Collects what arrives in a burst: the first is said at once, what follows within two seconds together. */
export class Notices<T> {
  private waiting: T[] = []
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly say: (all: readonly T[]) => void,
    private readonly every = 2000,
  ) {}

  add(one: T): void {
    if (this.timer !== undefined) {
      this.waiting.push(one)
      return
    }
    this.say([one])
    this.rest()
  }

  private rest(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (!this.waiting.length) return
      this.say(this.waiting.splice(0))
      this.rest()
    }, this.every)
  }
}
