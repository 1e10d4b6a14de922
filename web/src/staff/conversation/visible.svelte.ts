import { createSubscriber } from 'svelte/reactivity'

/** Whether somebody looks at this page: it is in view and its window has the focus. */
class View {
  #changes = createSubscriber((update) => {
    const events = [
      [document, 'visibilitychange'],
      [window, 'focus'],
      [window, 'blur'],
    ] as const
    for (const [target, type] of events) target.addEventListener(type, update)
    return () => events.forEach(([target, type]) => target.removeEventListener(type, update))
  })

  get attentive(): boolean {
    this.#changes()
    return document.visibilityState === 'visible' && document.hasFocus()
  }
}

export const view = new View()
