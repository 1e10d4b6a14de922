import { local } from '../lib/storage'

/** An answer that is being written: kept in this browser only, per test, so that a reload or a new sign-in finds it. */
export class Draft {
  text = $state('')
  /** Whether this browser lets us keep it. */
  kept = $state(true)
  readonly words = $derived(this.text.trim() ? this.text.trim().split(/\s+/u).length : 0)
  #key: string
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(test: string) {
    this.#key = `answer.${test}`
    try {
      this.text = local.getItem(this.#key) ?? ''
    } catch {
      this.kept = false
    }
  }

  write(text: string): void {
    this.text = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#keep(), 300)
  }

  #keep(): void {
    try {
      local.setItem(this.#key, this.text)
      this.kept = true
    } catch {
      this.kept = false
    }
  }
}
