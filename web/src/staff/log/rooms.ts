type Person = { id: string; name: string; external_id: string; room: string }

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** The recipients of an entry by room, each room by name. */
export function byRoom(people: readonly Person[]): { room: string; people: Person[] }[] {
  const rooms = new Map<string, Person[]>()
  for (const p of people) rooms.set(p.room, [...(rooms.get(p.room) ?? []), p])
  return [...rooms]
    .map(([room, list]) => ({ room, people: list.toSorted((a, b) => natural.compare(a.name, b.name)) }))
    .sort((a, b) => natural.compare(a.room, b.room))
}
