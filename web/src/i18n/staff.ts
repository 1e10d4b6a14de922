import { common } from './common'
import { translator } from './translate.svelte'

/** Strings of the staff's pages. */
export const staff = {
  'staff.title': 'Tests',
} as const

export const staffByLanguage = { en: { ...common, ...staff } }

/** The staff pages' `t`: their own strings and the common ones. */
export const t = translator(staffByLanguage)
