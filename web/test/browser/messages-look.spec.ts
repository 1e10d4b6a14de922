import { accessible, expect, fits, shot, test, type Server } from './staff-server'
import { crew, key, pool, reply, sendAll, type Pool } from './messages-people'

const unbreakable = 'Unbreakable'.repeat(18)

const people = [
  { given_name: 'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Maximiliana Ekaterina', family_name: 'van der Cholmondeley-Majoribanks zu Hohenlohe', skills: ['a skill with a name that goes on and on', 'reader', 'scribe', 'first aid'], tags: ['keyholder'], city: 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch', postcode: '0182', address: `${unbreakable} 1`, email: `${unbreakable.slice(0, 60)}@example.org`, phone: '+47 900 00 001', fields: { shirt_size: 'XXL', allergies: unbreakable } },
  { given_name: 'محمد', family_name: 'عبد الرحمن الخوارزمي', city: 'Oslo' },
  ...crew.slice(2),
]

let prepared: Promise<{ here: Pool; broadcast: string }> | undefined

const prepare = (server: Server) =>
  (prepared ??= (async () => {
    const here = await pool(server, 'LOOKS', people)
    await server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: 'LOOKS', kind: 'pool', name: 'A pool with a name that somebody wrote on a day when there was time for many words, and then some' }] })
    const broadcast = await sendAll(server, here, 'A subject that goes on for quite a while, so that it has to be cut off or broken somewhere sensible', unbreakable + '\n\nمرحبا')
    await reply(server, here, here.people[0]!, unbreakable)
    await reply(server, here, here.people[1]!, 'مرحبا، شكرا جزيلا لكم على الرسالة الطويلة جدا')
    await server.api('planner', 'POST', `/conversations/${here.people[0]!.id}/notes`, { key: key(), body: 'A note: ' + unbreakable })
    await server.api('planner', 'POST', `/conversations/${here.people[0]!.id}/claim`, {})
    await server.api('planner', 'POST', '/canned-replies', { title: unbreakable.slice(0, 90), body: unbreakable, shared: true })
    await server.api('planner', 'POST', '/exports', { people: [here.people[0]!.id], transcript: true })
    return { here, broadcast }
  })())

for (const look of [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' as const } },
  { name: '360', options: { viewport: { width: 360, height: 740 }, hasTouch: true } },
  { name: '900', options: { viewport: { width: 900, height: 700 } } },
  { name: '2560', options: { viewport: { width: 2560, height: 1440 } } },
  { name: 'rtl', options: {} },
]) {
  test(`messages and people: axe finds nothing, nothing sticks out (${look.name})`, async ({ browser, server }) => {
    test.setTimeout(150_000)
    const { here, broadcast } = await prepare(server)
    const one = here.people[0]!.id
    const page = await server.open(browser, 'planner', '/staff/', look.options)
    if (look.name === 'rtl') {
      await page.addInitScript(() => {
        const turn = () => document.documentElement && document.documentElement.dir !== 'rtl' && (document.documentElement.dir = 'rtl')
        new MutationObserver(turn).observe(document, { childList: true, subtree: true, attributes: true })
      })
    }
    const person = people[0]!.given_name
    // All that is wrong with any of the pages is said together.
    const faults: string[] = []
    const looked = async (name: string) => {
      for (const check of [fits, accessible]) await check(page).catch((error: Error) => faults.push(`${name}: ${error.message.slice(0, 1500)}`))
      await shot(page, `${look.name}-m-${name}`)
    }
    const pages: [string, string, () => Promise<unknown>][] = [
      ['messages', `/staff/messages?group=${here.group}`, () => page.getByRole('row').filter({ hasText: person }).first().waitFor()],
      ['conversation', `/staff/messages?group=${here.group}&open=${one}`, () => page.getByRole('textbox', { name: /^Message to/ }).waitFor()],
      ['panel', `/staff/messages?group=${here.group}&open=${one}&panel=profile`, () => page.getByRole('link', { name: 'Open the whole profile' }).waitFor()],
      ['search', '/staff/messages?find=unbreak', () => page.getByText('Unbreak').first().waitFor()],
      ['nothing', '/staff/messages?folder=archived', () => page.getByText('The archive is empty').waitFor()],
      ['groups', '/staff/groups', () => page.getByRole('link', { name: /A pool with a name/ }).waitFor()],
      ['group', `/staff/groups/${here.group}`, () => page.getByRole('row').filter({ hasText: person }).first().waitFor()],
      ['people', '/staff/people', () => page.getByRole('row').nth(2).waitFor()],
      ['profile', `/staff/people/${one}`, () => page.getByText('Shirt size').waitFor()],
      ['communications', `/staff/people/${one}?tab=communications`, () => page.getByText('A note:').waitFor()],
      ['board', `/staff/broadcasts/${broadcast}`, () => page.getByText(/left out/).waitFor()],
      ['replies', `/staff/broadcasts/${broadcast}/replies`, () => page.getByText(/have answered/).waitFor()],
      ['exports', '/staff/exports', () => page.getByRole('link', { name: 'Download' }).first().waitFor()],
      ['settings', '/staff/settings', () => page.getByText('Unbreak').first().waitFor()],
    ]
    for (const [name, path, ready] of pages) {
      await page.goto(path)
      await ready()
      await looked(name)
    }

    await page.goto(`/staff/messages?group=${here.group}`)
    const row = page.getByRole('row').filter({ hasText: person }).first()
    await row.getByRole('checkbox').click()
    await looked('ticked')
    await page.getByRole('button', { name: 'Message…' }).click()
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Send to 1' })).toBeVisible()
    await looked('bulk')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'What the signs mean' }).click()
    await looked('legend')
    await page.keyboard.press('Escape')
    if (look.name === '360' || look.name === '900') {
      await page.getByRole('button', { name: /Folders|All/ }).first().click()
      await expect(page.getByRole('navigation', { name: 'Folders and filters' })).toBeVisible()
      await looked('folders')
      await page.getByRole('navigation', { name: 'Folders and filters' }).getByRole('button', { name: 'Unread' }).click()
      await expect(page.getByRole('grid', { name: 'Conversations' })).toBeVisible()
    }
    expect(faults).toEqual([])
  })
}

test('narrow: one column at a time, and Back', async ({ browser, server }) => {
  const { here } = await prepare(server)
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}`, { viewport: { width: 360, height: 740 }, hasTouch: true })
  const row = page.getByRole('row').filter({ hasText: 'Cecilie' }).first()
  await row.getByText('Cecilie Dahl').tap()
  const conversation = page.getByRole('region', { name: 'Cecilie Dahl', exact: true })
  await expect(conversation).toBeVisible()
  await expect(page.getByRole('grid', { name: 'Conversations' })).toBeHidden()
  await conversation.getByRole('button', { name: 'Profile' }).click()
  await expect(page.getByRole('link', { name: 'Open the whole profile' })).toBeVisible()
  await expect(conversation).toBeHidden()
  await page.getByRole('button', { name: 'Close the profile' }).click()
  await conversation.getByRole('button', { name: 'Back to the list' }).click()
  await expect(page.getByRole('grid', { name: 'Conversations' })).toBeVisible()
  await row.getByText('Cecilie Dahl').tap()
  await expect(conversation).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('grid', { name: 'Conversations' })).toBeVisible()
})

test('what fails says what was kept, and tries again', async ({ browser, server }) => {
  const { here } = await prepare(server)
  const page = await server.open(browser, 'planner', '/staff/')
  let broken = true
  await page.route(/\/api\/v1\/(conversations|people)\?/, (route) => (broken ? route.abort() : route.continue()))
  await page.goto(`/staff/messages?group=${here.group}`)
  await expect(page.getByText('The conversations could not be loaded')).toBeVisible()
  await accessible(page)
  broken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('grid', { name: 'Conversations' })).toBeVisible()

  // An action that the server refuses is taken back on the page.
  await page.route('**/api/v1/conversations/actions', (route) => route.abort())
  await page.getByRole('row').filter({ hasText: 'Cecilie' }).first().getByRole('checkbox').click()
  await page.getByRole('button', { name: 'Archive', exact: true }).click()
  await expect(page.getByText(/answer was lost/)).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: 'Cecilie' }).first()).toBeVisible()
})
