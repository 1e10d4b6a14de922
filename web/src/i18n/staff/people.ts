/** Strings of the pages of people: groups, lists, profile, sendings to many, replies, settings. */
export const people = {
} as const
