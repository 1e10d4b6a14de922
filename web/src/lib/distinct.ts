/**
 * The list with each key once; the first item of a key stays. A keyed {#each} ends the page with
 * each_key_duplicate when data double a key, so every list that data fill goes through this.
 */
export function distinct<T>(list: readonly T[], key: (one: T) => unknown = (one) => one): readonly T[] {
  const seen = new Set<unknown>()
  const kept = list.filter((one) => {
    const k = key(one)
    if (seen.has(k)) return false
    seen.add(k)
    return true
  })
  return kept.length === list.length ? list : kept
}
