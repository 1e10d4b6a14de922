import type { Page } from '@playwright/test'
import { anna, type Candidate, key, ola, pool, reply, send, staff, windowOf } from './chat-people'
import { accessible, expect, fits, type Server, shot, test } from './staff-server'

const named = (i: number) =>
  i === 0
    ? { given_name: 'Sara', family_name: 'Amin' }
    : i === 1
      ? { given_name: 'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Maximiliana', family_name: 'van der Cholmondeley-Majoribanks zu Hohenlohe-Langenburg' }
      : i === 2
        ? { given_name: 'محمد', family_name: 'عبد الرحمن الخوارزمي' }
        : { given_name: `Given${i}`, family_name: 'Look' }

let made: { people: Candidate[] } | undefined

/** Conversations with everything that can stand in one. */
async function rich(server: Server): Promise<Candidate[]> {
  if (made) return made.people
  made = await pool(server, 'LOOKS', 6, named)
  const [sara, long, arabic] = made.people as [Candidate, Candidate, Candidate]
  const { group } = sara
  await server.api(anna, 'POST', '/broadcasts', { key: key(), group, subject: 'Shifts in December', body: 'Please tell us by Friday when you can work.', recipients: { people: made.people.map((p) => p.id) } })
  await reply(server, sara, 'I can work every weekday, but not on the 24th.')
  await reply(server, sara, 'Is the night shift paid as last year? See https://example.org/rates for what I mean.')
  await server.api(ola, 'POST', `/conversations/${sara.id}/claim`, {})
  await send(server, ola, sara, 'Yes, as last year. I will put you on the list.')
  await reply(server, sara, 'Thank you! 🙂')
  const { colleagues } = await server.api<{ colleagues: { id: string; name: string }[] }>(ola, 'GET', '/colleagues?q=Anna')
  const lind = colleagues.find((c) => c.name === 'Anna Lind')!
  await server.api(ola, 'POST', `/conversations/${sara.id}/notes`, { key: key(), body: '@Anna Lind she asked about pay again, could you look at the contract?', mentions: [lind.id] })
  await server.api(ola, 'POST', '/conversations/actions', { action: 'process', people: [sara.id] })
  await send(server, anna, long, 'Unbreakable'.repeat(30))
  await reply(server, long, 'Lorem ipsum dolor sit amet. '.repeat(140).slice(0, 3990))
  await reply(server, arabic, 'مرحبا، هل يمكنني تغيير موعد المناوبة؟')
  await send(server, anna, arabic, 'نعم، بالطبع.')
  return made.people
}

async function open(page: Page, who: Candidate) {
  await page.getByRole('button', { name: /^Chats/ }).click()
  await page.getByRole('dialog', { name: 'Chats' }).getByRole('button', { name: new RegExp(who.name.slice(0, 12)) }).click()
  const box = windowOf(page, who.name)
  await expect(box.getByRole('textbox', { name: /^Message to/ })).toBeVisible()
  return box
}

for (const look of [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' as const } },
  { name: '360', options: { viewport: { width: 360, height: 740 }, hasTouch: true } },
  { name: 'rtl', options: {} },
]) {
  test(`chats: axe finds nothing, nothing sticks out (${look.name})`, async ({ browser, server }) => {
    test.setTimeout(90_000)
    const people = await rich(server)
    const page = await staff(server, browser, anna, look.options)
    if (look.name === 'rtl') await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    await page.getByRole('button', { name: /^Chats/ }).click()
    await expect(page.getByRole('dialog', { name: 'Chats' }).getByText(people[0]!.name)).toBeVisible()
    await accessible(page)
    await shot(page, `chat-${look.name}-panel`)
    await page.getByRole('button', { name: 'Start chat' }).click()
    await expect(page.getByRole('option').first()).toBeVisible()
    await accessible(page)
    await shot(page, `chat-${look.name}-start`)
    await page.keyboard.press('Escape')
    const sara = await open(page, people[0]!)
    await expect(sara.getByText('Staff only').first()).toBeVisible()
    await fits(page)
    await accessible(page)
    await shot(page, `chat-${look.name}-window`)
    if (look.name === '360') {
      await page.keyboard.press('Escape')
      await expect(sara).toBeHidden()
    }
    for (const other of people.slice(1, 3)) {
      const box = await open(page, other)
      await box.getByRole('textbox', { name: /^Message to/ }).fill('a line\nand another\nand one more')
      if (look.name === '360') {
        await fits(page)
        await shot(page, `chat-360-${other.external_id}`)
        await page.keyboard.press('Escape')
      }
    }
    await fits(page)
    await accessible(page)
    await shot(page, `chat-${look.name}-windows`)

    // The same view, as wide as its page.
    if (look.name === 'rtl') return
    await page.evaluate(() => sessionStorage.clear())
    await page.goto(`/staff/messages?open=${people[0]!.id}`)
    await expect(page.getByRole('region', { name: people[0]!.name, exact: true }).getByText('Staff only').first()).toBeVisible()
    await shot(page, `chat-${look.name}-page`)
    await fits(page)
    await accessible(page)
  })
}
