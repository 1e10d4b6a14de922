import { expect, test, type Server } from './staff-server'
import { crew, listReady, order, pool, reply, rowOf, sendAll, write, type Pool } from './messages-people'

let prepared: Promise<Pool> | undefined

/** The crew, each of whom has had a sending. */
function lists(server: Server): Promise<Pool> {
  return (prepared ??= pool(server, 'LISTS').then(async (made) => {
    await sendAll(server, made, 'Exam week', 'Your shifts stand in the schedule.')
    return made
  }))
}

test('folders, orders and filters: all of it stands in the address', async ({ browser, server }) => {
  const here = await lists(server)
  await reply(server, here, here.people[0]!, 'Thank you, that suits me.')
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}`)
  await listReady(page)
  await expect(page.getByText('3 conversations')).toBeVisible()
  expect((await order(page))[0]).toBe('Astrid Aune')
  await expect(rowOf(page, 'Astrid Aune')).toContainText('unread')
  await expect(rowOf(page, 'Astrid Aune')).toContainText('not processed')
  await expect(rowOf(page, 'Astrid Aune')).toContainText('waits 1 min')
  await expect(rowOf(page, 'Bjørn Bakke')).toContainText('to many')

  const folders = page.getByRole('navigation', { name: 'Folders and filters' })
  await folders.getByRole('button', { name: 'Received' }).click()
  await expect(page.getByText('1 conversation', { exact: true })).toBeVisible()
  await expect(page).toHaveURL(/folder=received/)
  await folders.getByRole('button', { name: 'All', exact: true }).click()

  await folders.getByLabel('Order').selectOption('Last name')
  await expect.poll(() => order(page)).toEqual(['Astrid Aune', 'Bjørn Bakke', 'Cecilie Dahl'])

  await folders.getByRole('button', { name: 'Skill' }).click()
  await page.getByRole('checkbox', { name: 'first aid' }).check()
  await expect.poll(() => order(page)).toEqual(['Astrid Aune', 'Cecilie Dahl'])
  await page.keyboard.press('Escape')
  await folders.getByRole('button', { name: 'City' }).click()
  await page.getByRole('checkbox', { name: 'Bergen' }).check()
  await expect.poll(() => order(page)).toEqual(['Cecilie Dahl'])
  await page.keyboard.press('Escape')
  await folders.getByLabel('Postcode begins with').fill('501, 77')
  await folders.getByLabel('Postcode begins with').press('Enter')
  await expect(page).toHaveURL(/postcode=501&postcode=77/)

  // A saved filter is the list, not what stands open.
  await rowOf(page, 'Cecilie Dahl').click()
  await folders.getByRole('button', { name: 'Save this filter…' }).click()
  await page.getByLabel('Name', { exact: true }).fill('First aid in Bergen')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(folders.getByRole('button', { name: 'First aid in Bergen', exact: true })).toHaveAttribute('aria-current', 'true')

  await page.reload()
  await expect.poll(() => order(page)).toEqual(['Cecilie Dahl'])
  await expect(page.getByRole('region', { name: 'Cecilie Dahl', exact: true })).toBeVisible()

  await folders.getByRole('button', { name: 'Clear filters' }).click()
  await expect.poll(() => order(page)).toHaveLength(3)
  await folders.getByRole('button', { name: 'First aid in Bergen', exact: true }).click()
  await expect.poll(() => order(page)).toEqual(['Cecilie Dahl'])
  await folders.getByRole('button', { name: 'Remove the saved filter First aid in Bergen' }).click()
  await expect(folders.getByRole('button', { name: 'First aid in Bergen', exact: true })).toHaveCount(0)
})

test('by keyboard alone: move, tick, open, mark, come back', async ({ browser, server }) => {
  const here = await lists(server)
  await reply(server, here, here.people[0]!, 'And one more thing.')
  await reply(server, here, here.people[1]!, 'Me too.')
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}&sort=last_name`)
  await listReady(page)
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox', { name: /Search the text/ })).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(rowOf(page, 'Astrid Aune')).toBeFocused()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+Space')
  await expect(page.getByRole('region', { name: 'Ticked rows' })).toContainText('3 ticked')
  for (const name of ['Astrid Aune', 'Bjørn Bakke', 'Cecilie Dahl']) await expect(rowOf(page, name)).toHaveAttribute('aria-selected', 'true')

  await page.keyboard.press('u')
  await expect(page.getByText('3 marked as unread')).toBeVisible()
  await expect(rowOf(page, 'Cecilie Dahl')).toContainText('unread')

  // Nothing ticked: the row that has the focus.
  await page.keyboard.press('ArrowUp')
  await expect(rowOf(page, 'Bjørn Bakke')).toBeFocused()
  await page.keyboard.press('p')
  await expect(rowOf(page, 'Bjørn Bakke').getByText('processed', { exact: true })).toBeVisible()
  await expect(rowOf(page, 'Bjørn Bakke')).not.toContainText('not processed')
  await page.keyboard.press('p')
  await expect(rowOf(page, 'Bjørn Bakke')).toContainText('not processed')

  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`open=${here.people[1]!.id}`))
  await expect(page.getByRole('textbox', { name: /Message to Bjørn Bakke/ })).toBeFocused()
  await expect(rowOf(page, 'Bjørn Bakke')).not.toContainText('unread')
  await page.keyboard.press('Escape')
  await expect(rowOf(page, 'Bjørn Bakke')).toBeFocused()
  await expect(page).not.toHaveURL(/open=/)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toContainText('Archive, or bring back')
})

test('archive, un-archive, undo; an answer brings it back', async ({ browser, server }) => {
  const here = await lists(server)
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}&sort=last_name`)
  await listReady(page)
  const tick = (name: string) => rowOf(page, name).getByRole('checkbox')
  await tick('Astrid Aune').click()
  await tick('Cecilie Dahl').click()
  await page.getByRole('region', { name: 'Ticked rows' }).getByRole('button', { name: 'Archive' }).click()
  await expect.poll(() => order(page)).toEqual(['Bjørn Bakke'])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => order(page)).toEqual(['Astrid Aune', 'Bjørn Bakke', 'Cecilie Dahl'])

  await tick('Astrid Aune').click()
  await page.getByRole('region', { name: 'Ticked rows' }).getByRole('button', { name: 'Archive' }).click()
  await expect.poll(() => order(page)).toEqual(['Bjørn Bakke', 'Cecilie Dahl'])
  await page.getByRole('navigation', { name: 'Folders and filters' }).getByRole('button', { name: 'Archived' }).click()
  await expect.poll(() => order(page)).toEqual(['Astrid Aune'])
  await tick('Astrid Aune').click()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Un-archive' }).click()
  await expect(page.getByText('The archive is empty').or(page.getByText('Nothing fits these filters'))).toBeVisible()

  await server.api('planner', 'POST', '/conversations/actions', { action: 'archive', people: [here.people[0]!.id] })
  await page.getByRole('navigation', { name: 'Folders and filters' }).getByRole('button', { name: 'All', exact: true }).click()
  await expect.poll(() => order(page)).toEqual(['Bjørn Bakke', 'Cecilie Dahl'])
  await page.mouse.move(5, 5)
  await reply(server, here, here.people[0]!, 'I am back.')
  await expect.poll(() => order(page)).toEqual(['Astrid Aune', 'Bjørn Bakke', 'Cecilie Dahl'])
  await expect(rowOf(page, 'Astrid Aune')).toContainText('I am back.')
})

test('live: a row keeps its place under the pointer and moves when it has gone', async ({ browser, server }) => {
  const here = await pool(server, 'LIVE', crew.slice(0, 3))
  await sendAll(server, here, 'Hello', 'To all of you.')
  await write(server, here, here.people[0]!, 'Only for you.')
  await write(server, here, here.people[2]!, 'And you.')
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}`)
  await expect.poll(() => order(page)).toEqual(['Cecilie Dahl', 'Astrid Aune', 'Bjørn Bakke'])

  // Below the rows there is nothing to mistake: still it is the list.
  await rowOf(page, 'Astrid Aune').hover()
  await reply(server, here, here.people[1]!, 'Live from Bergen.')
  await expect(rowOf(page, 'Bjørn Bakke')).toContainText('Live from Bergen.')
  await expect(rowOf(page, 'Bjørn Bakke')).toContainText('unread')
  expect(await order(page)).toEqual(['Cecilie Dahl', 'Astrid Aune', 'Bjørn Bakke'])
  await expect(page.getByRole('button', { name: '1 changed' })).toBeVisible()
  await page.mouse.move(5, 5)
  await expect.poll(() => order(page)).toEqual(['Bjørn Bakke', 'Cecilie Dahl', 'Astrid Aune'])

  // What a colleague does is seen here as well.
  await server.api('admin', 'POST', '/conversations/actions', { action: 'process', people: [here.people[1]!.id] })
  await expect(rowOf(page, 'Bjørn Bakke')).not.toContainText('not processed')
  await expect(rowOf(page, 'Bjørn Bakke')).not.toContainText('waits')
  await server.api('admin', 'POST', `/conversations/${here.people[1]!.id}/claim`, {})
  await expect(rowOf(page, 'Bjørn Bakke')).toContainText('Tomás Herrera')
  // And what I read on another page.
  await server.api('planner', 'POST', '/conversations/actions', { action: 'read', people: [here.people[1]!.id] })
  await expect(rowOf(page, 'Bjørn Bakke')).not.toContainText('unread')
})

test('someone who was not in the list comes in', async ({ browser, server }) => {
  const here = await pool(server, 'STRANGER', crew.slice(0, 2))
  await write(server, here, here.people[0]!, 'First.')
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}`)
  await expect.poll(() => order(page)).toEqual(['Astrid Aune'])
  await page.mouse.move(5, 5)
  await reply(server, here, here.people[1]!, 'May I begin?')
  await expect.poll(() => order(page)).toEqual(['Bjørn Bakke', 'Astrid Aune'])
})

test('search: excerpts are text, and lead to the message', async ({ browser, server }) => {
  const here = await pool(server, 'SOUGHT', crew.slice(0, 2))
  await write(server, here, here.people[0]!, 'Please bring <b>waterproof</b> boots & a lamp.')
  for (let i = 0; i < 6; i++) await write(server, here, here.people[0]!, `Line ${i}\n`.repeat(12))
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}`)
  await listReady(page)
  await page.keyboard.press('/')
  await page.keyboard.type('watérpr')
  const hit = page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: /Astrid Aune/ })
  await expect(hit.locator('mark')).toHaveText(/^waterpr/)
  await expect(hit).toContainText('<b>waterproof</b> boots & a lamp')
  await expect(page).toHaveURL(/find=wat/)
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('.hit').first()).toBeFocused()
  await hit.click()
  await expect(page.getByRole('region', { name: 'Astrid Aune', exact: true }).getByText('waterproof')).toBeInViewport()
  await expect(page).toHaveURL(/item=/)
  await page.getByRole('button', { name: 'Back to the list' }).first().click()
  await listReady(page)
})

test('1,500 conversations: a virtual list over pages, to the last one', async ({ browser, server }) => {
  test.setTimeout(120_000)
  const many = Array.from({ length: 1500 }, (_, i) => ({ given_name: 'Number', family_name: `Z${String(i).padStart(4, '0')}` }))
  const here = await pool(server, 'MANY', many, 0)
  await sendAll(server, here, 'To all', 'Hello to everyone of you.')
  const page = await server.open(browser, 'planner', `/staff/messages?group=${here.group}&sort=last_name`)
  await listReady(page)
  await expect(rowOf(page, 'Number Z0000')).toBeVisible()
  const scroller = page.locator('.rows')
  await expect(async () => {
    await scroller.evaluate((e) => e.scrollTo(0, e.scrollHeight))
    await expect(rowOf(page, 'Number Z1499')).toBeVisible({ timeout: 150 })
  }).toPass({ timeout: 60_000 })
  expect(await page.getByRole('row').count()).toBeLessThan(60)
  await expect(page.getByText('1,500 conversations')).toBeVisible()
  await page.getByRole('button', { name: 'What to do with this list' }).click()
  await page.getByRole('menuitem', { name: 'Tick all loaded' }).click()
  await expect(page.getByRole('region', { name: 'Ticked rows' })).toContainText('1,500 ticked')
  await page.getByRole('button', { name: 'Untick all' }).click()
  await rowOf(page, 'Number Z1499').click()
  await expect(page.getByRole('region', { name: 'Number Z1499', exact: true })).toBeVisible()
})
