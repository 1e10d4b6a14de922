/** Left out, by reason: the reason that holds most people back first. */
export function byReason<T extends { reason: { code: string } }>(leftOut: readonly T[]): { reason: T['reason']; people: T[] }[] {
  const by = new Map<string, { reason: T['reason']; people: T[] }>()
  for (const one of leftOut) {
    const found = by.get(one.reason.code)
    if (found) found.people.push(one)
    else by.set(one.reason.code, { reason: one.reason, people: [one] })
  }
  return [...by.values()].sort((a, b) => b.people.length - a.people.length)
}
