// Keys that work anywhere on a page, unless someone is writing or a dialog is open.

type Press = Pick<KeyboardEvent, 'isComposing' | 'keyCode'>

/**
 * True for a key press that an input method takes: it chooses or ends what is being composed. Safari ends the composition
 * before it reports the press, so that `isComposing` is false; what tells is the key code 229.
 */
export const composing = (event: Press): boolean => event.isComposing || event.keyCode === 229

/** True for Enter, but not for the Enter that ends a composition. Every handler of Enter asks this. */
export const isEnter = (event: Press & Pick<KeyboardEvent, 'key'>): boolean => event.key === 'Enter' && !composing(event)

/** True for Enter with Ctrl or Command, which sends wherever Enter alone writes a line. */
export const isSendKey = (event: Press & Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): boolean => isEnter(event) && (event.ctrlKey || event.metaKey)

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
