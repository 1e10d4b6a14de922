// How many got a sending of which one message stands in a conversation: asked once.

import { SvelteMap } from 'svelte/reactivity'
import { untrack } from 'svelte'
import { api } from '../../lib/session.svelte'

const known = new SvelteMap<string, number | undefined>()

/** The number of recipients, undefined until it is known or if it may not be. */
export function recipientsOf(broadcast: string): number | undefined {
  if (!untrack(() => known.has(broadcast)))
    queueMicrotask(() => {
      if (known.has(broadcast)) return
      known.set(broadcast, undefined)
      api.get<{ broadcast: { counts: { recipients: number } } }>(`/broadcasts/${encodeURIComponent(broadcast)}`).then(
        (a) => known.set(broadcast, a.broadcast.counts.recipients),
        () => {},
      )
    })
  return known.get(broadcast)
}
