import type { Tone } from '../../ui'
import type { Presence, ReceiptState } from '../types'

type Look = { tone: Tone; shape: 'full' | 'ring' | 'half' }

/** How a presence is drawn, beside its word. */
export function presenceLook(p: Presence): Look {
  return p === 'online' ? { tone: 'done', shape: 'full' } : p === 'away' ? { tone: 'wait', shape: 'half' } : { tone: 'plain', shape: 'ring' }
}

/** How a receipt's state is drawn, beside its word. */
export function stateLook(s: ReceiptState | 'told'): Look {
  switch (s) {
    case 'acknowledged':
      return { tone: 'done', shape: 'full' }
    case 'told':
    case 'displayed':
      return { tone: 'accent', shape: 'full' }
    case 'delivered':
      return { tone: 'accent', shape: 'half' }
    default:
      return { tone: 'wait', shape: 'ring' }
  }
}
