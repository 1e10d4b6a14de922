import { anna, chat, ola, pool, reply, send, staff, windowOf } from './chat-people'
import { expect, type Login, type Server, shot, test } from './staff-server'

/** A shift that the candidate is assigned to. */
async function shift(server: Server, id: string, person: string): Promise<string> {
  const starts = new Date(Date.now() + 3 * 86_400_000)
  starts.setUTCHours(8, 0, 0, 0)
  await server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: id, kind: 'activity', name: `Shift ${id}`, starts_at: starts.toISOString(), ends_at: new Date(+starts + 8 * 3_600_000).toISOString(), place: 'Hall A' }] })
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: id, kind: 'activity', person }] })
  const { groups } = await server.api<{ groups: { id: string; external_id: string }[] }>('admin', 'GET', '/groups?kind=activity')
  return groups.find((g) => g.external_id === id)!.id
}

test('someone cannot come: the assignment is deleted from the message, undone, and deleted for good', async ({ browser, server }) => {
  const { people } = await pool(server, 'SHIFT', 1)
  const sara = people[0]!
  const group = await shift(server, 'NIGHT', sara.external_id)
  await server.api(sara.login as Login, 'POST', `/schedule/${group}/unavailable`, { key: 'unavailable-1', body: 'I have a cold' })
  const page = await staff(server, browser, anna)
  const box = await chat(page, sara)
  await expect(box.getByText('Reports being unavailable')).toBeVisible()
  await expect(box.getByRole('link', { name: 'Shift NIGHT' })).toHaveAttribute('href', new RegExp(group))
  await shot(page, 'chat-about')
  await box.getByRole('button', { name: 'Delete the assignment' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete the assignment?' })
  await expect(dialog.getByRole('checkbox', { name: /Set as unavailable/ })).toBeChecked()
  await shot(page, 'chat-delete')
  await dialog.getByRole('button', { name: 'Delete the assignment' }).click()
  await expect(box.getByText('Assignment deleted')).toBeVisible()
  const schedule = () => server.api<{ unavailable: unknown[] }>(sara.login as Login, 'GET', '/schedule')
  expect((await schedule()).unavailable).toHaveLength(1)
  await box.getByRole('button', { name: 'Undo' }).click()
  await expect(box.getByRole('button', { name: 'Delete the assignment' })).toBeVisible()
  expect((await schedule()).unavailable).toHaveLength(0)
  await box.getByRole('button', { name: 'Delete the assignment' }).click()
  await dialog.getByRole('checkbox', { name: /Set as unavailable/ }).uncheck()
  await dialog.getByRole('button', { name: 'Delete the assignment' }).click()
  await expect(box.getByText('Assignment deleted')).toBeVisible()
  expect((await schedule()).unavailable).toHaveLength(0)
  await shot(page, 'chat-deleted')
})

test('processed by whom and when, undone by a reply; archived; marked unread; assigned', async ({ browser, server }) => {
  const { people } = await pool(server, 'WORK', 1)
  const sara = people[0]!
  await reply(server, sara, 'Where is the hall?')
  const [one, two] = [await staff(server, browser, anna), await staff(server, browser, ola)]
  const [mine, theirs] = [await chat(one, sara), await chat(two, sara)]
  await mine.getByRole('button', { name: 'Mark as processed' }).click()
  await expect(theirs.getByText(/^by Anna Lind/)).toBeVisible()
  await expect(theirs.getByText('Anna Lind marked it as processed')).toBeVisible()
  await reply(server, sara, 'And which floor?')
  await expect(theirs.getByText('Not processed', { exact: true })).toBeVisible()
  await expect(mine.getByText('Not processed', { exact: true })).toBeVisible()

  const menu = async (box: typeof mine, page: typeof one, item: string) => {
    await box.getByRole('button', { name: 'More about this conversation' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await menu(mine, one, 'Archive')
  await expect(mine.getByText('Archived', { exact: true })).toBeVisible()
  await reply(server, sara, 'Hello?')
  await expect(mine.getByText('Archived', { exact: true })).toBeHidden()

  await menu(mine, one, 'Assign to…')
  await one.getByRole('combobox', { name: 'Search colleagues' }).fill('Ola')
  await one.getByRole('option', { name: /Ola Berg/ }).click()
  await expect(theirs.getByText('You are answering')).toBeVisible()
  await expect(two.getByText(`Anna Lind assigned ${sara.name} to you`)).toBeVisible()
  await theirs.getByRole('button', { name: 'Release' }).click()
  await expect(mine.getByText('Unclaimed')).toBeVisible()

  await menu(theirs, two, 'Mark as unread')
  await two.keyboard.press('Escape')
  await expect(theirs).toBeHidden()
  await two.getByRole('button', { name: /^Chats/ }).click()
  await expect(two.getByRole('dialog', { name: 'Chats' }).getByRole('button', { name: new RegExp(`${sara.name}.*unread`) })).toBeVisible()
})

test('what comes while the page has no network is there when it has one again', async ({ browser, server }) => {
  const { people } = await pool(server, 'GAP', 1)
  const sara = people[0]!
  await reply(server, sara, 'Before')
  const page = await staff(server, browser, anna)
  const box = await chat(page, sara)
  await expect(box.getByText('Before', { exact: true })).toBeVisible()
  await page.context().setOffline(true)
  await expect(page.getByText(/^Offline/).first()).toBeVisible()
  await reply(server, sara, 'Meanwhile')
  await page.context().setOffline(false)
  await expect(box.getByText('Meanwhile', { exact: true })).toBeVisible({ timeout: 30_000 })
  await expect(box.getByText('Before', { exact: true })).toHaveCount(1)
  await expect(windowOf(page, sara.name)).toHaveCount(1)
})

test('receipts in words: sent, delivered, seen', async ({ browser, server }) => {
  const { people } = await pool(server, 'RECEIPT', 1)
  const sara = people[0]!
  await send(server, anna, sara, 'Can you read this?')
  const page = await staff(server, browser, anna)
  const box = await chat(page, sara)
  await expect(box.getByText('sent', { exact: true })).toBeVisible()
  const { messages } = await server.api<{ messages: { id: string }[] }>(sara.login as Login, 'GET', '/inbox')
  const say = (state: string) => server.api(sara.login as Login, 'POST', '/receipts', { items: [{ id: messages[0]!.id, state }] })
  await say('delivered')
  await expect(box.getByText(/^delivered \d/)).toBeVisible() // told at once, not asked for
  await say('displayed')
  await expect(box.getByText(/^seen \d/)).toBeVisible()
})
