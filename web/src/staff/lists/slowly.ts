/** Runs a task at most once in `every` milliseconds, and never twice at the same time; the last call is never lost. */
export class Slowly {
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false
  private again = false
  private last = -Infinity
  private over = false

  constructor(
    private readonly task: () => Promise<void>,
    private readonly every: number,
  ) {}

  /** Runs as soon as the interval allows. */
  soon(): void {
    if (this.running) this.again = true
    else this.timer ??= setTimeout(() => void this.run(), Math.max(0, this.last + this.every - Date.now()))
  }

  /** Runs at once, or right after the run that is under way. */
  now(): void {
    if (this.running) this.again = true
    else void this.run()
  }

  stop(): void {
    this.over = true
    clearTimeout(this.timer)
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.running = true
    this.again = false
    this.last = Date.now()
    await this.task()
    this.running = false
    if (this.again && !this.over) this.soon()
  }
}
