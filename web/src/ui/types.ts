import type { IconName } from './icons'

/** What a colour means: accent = can be acted on, wait = waits for a person, done, alarm = failure. */
export type Tone = 'plain' | 'accent' | 'wait' | 'done' | 'alarm'

export type MenuItem = {
  label: string
  /** A second, quieter line. */
  hint?: string
  icon?: IconName
  disabled?: boolean
  /** Draws a tick when true, keeps room for it when false. */
  checked?: boolean
  onselect: () => void
}
