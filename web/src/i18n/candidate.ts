import { common } from './common'
import { translator } from './translate.svelte'

/** Strings of the candidate's pages. */
export const candidate = {
  'home.title': 'Your tests',
} as const

export const candidateByLanguage = { en: { ...common, ...candidate } }

/** The candidate pages' `t`: their own strings and the common ones. */
export const t = translator(candidateByLanguage)
