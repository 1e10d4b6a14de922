import { dock } from '../dock/dock.svelte'

/** Begins to write to one person, in a window over the page. */
export function compose(person: string, name: string): void {
  dock.open({ kind: 'person', id: person, name })
}
