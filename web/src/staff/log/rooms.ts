import { byText } from '../../lib/order'

type Person = { id: string; name: string; external_id: string; room: string }

/** The recipients of an entry by room, each room by name. */
export function byRoom(people: readonly Person[]): { room: string; people: Person[] }[] {
  const rooms = new Map<string, Person[]>()
  for (const p of people) rooms.set(p.room, [...(rooms.get(p.room) ?? []), p])
  return [...rooms]
    .map(([room, list]) => ({ room, people: list.toSorted((a, b) => byText(a.name, b.name)) }))
    .sort((a, b) => byText(a.room, b.room))
}
