import type { Tone } from '../../ui'
import type { Presence, ReceiptState } from '../types'

type Look = { tone: Tone; shape: 'full' | 'ring' | 'half' | 'bar' | 'dashed' }

/** How a presence is drawn, beside its word. */
export function presenceLook(p: Presence): Look {
  switch (p) {
    case 'online':
      return { tone: 'done', shape: 'full' }
    case 'away':
      return { tone: 'wait', shape: 'half' }
    case 'unresponsive':
      return { tone: 'alarm', shape: 'bar' }
    case 'unknown':
      return { tone: 'wait', shape: 'dashed' }
    default:
      return { tone: 'plain', shape: 'ring' }
  }
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
