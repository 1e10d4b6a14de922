// Keys that work anywhere on a page, unless someone is writing or a dialog is open.

/** True where letters are text, not commands. */
export function writing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !isTick(target)
}

const isTick = (e: HTMLElement) => e instanceof HTMLInputElement && (e.type === 'checkbox' || e.type === 'radio')

/** Calls the command of a single key pressed alone. Returns how to stop: made for $effect. */
export function onKeys(commands: Record<string, () => void>): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return
    if (document.querySelector('dialog[open], [popover]:popover-open')) return
    const command = commands[event.key]
    if (!command) return
    event.preventDefault()
    command()
  }
  addEventListener('keydown', pressed)
  return () => removeEventListener('keydown', pressed)
}
