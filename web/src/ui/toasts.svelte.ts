/** Short words about what just happened, at the foot of the page. Never the only place where something important stands. */
export type Toast = { id: number; tone: 'plain' | 'done' | 'alarm'; text: string; action?: { label: string; run: () => void } }

class Toasts {
  list: Toast[] = $state([])
  #next = 1

  /** Shows a toast: 6 s, or until dismissed if it is an alarm or offers an action. Returns its id. */
  show(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> = {}): number {
    const toast: Toast = { id: this.#next++, tone: 'plain', text, ...options }
    this.list = [...this.list.filter((other) => other.text !== text), toast].slice(-3)
    if (toast.tone !== 'alarm' && !toast.action) setTimeout(() => this.dismiss(toast.id), 6000)
    return toast.id
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()
