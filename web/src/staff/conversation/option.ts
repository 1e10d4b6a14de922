/** One line of a list that one picks from. */
export type Option = { id: string; label: string; hint?: string }
