import { anna, chat, ola, pool, reply, send, staff, windowOf } from './chat-people'
import { Mortal } from './mortal'
import { expect, Server, shot, test } from './staff-server'

test('a draft survives closing the window and a reload, and is each person’s own', async ({ browser, server }) => {
  const { people } = await pool(server, 'DRAFT', 2)
  const page = await staff(server, browser, anna)
  const one = await chat(page, people[0]!)
  await one.getByRole('textbox', { name: /^Message to/ }).fill('Not ready yet')
  await page.keyboard.press('Escape')
  await expect(one).toBeHidden()
  const other = await chat(page, people[1]!)
  await expect(other.getByRole('textbox', { name: /^Message to/ })).toHaveValue('')
  await page.reload()
  await chat(page, people[0]!)
  await expect(windowOf(page, people[0]!.name).getByRole('textbox', { name: /^Message to/ })).toHaveValue('Not ready yet')
})

test('without a network it says so, keeps the message over a reload, and trying again sends it once', async ({ browser, server }) => {
  const { people } = await pool(server, 'LOST', 1)
  const page = await staff(server, browser, anna)
  const box = await chat(page, people[0]!)
  // The request reaches nobody.
  await page.route('**/messages', (route) => route.abort())
  await box.getByRole('textbox', { name: /^Message to/ }).fill('Are you there?')
  await page.keyboard.press('Enter')
  await expect(box.getByRole('alert').getByText('Not confirmed')).toBeVisible()
  await shot(page, 'chat-failed')
  await page.unrouteAll()
  await page.reload()
  await expect(box.getByRole('alert').getByText('Not confirmed')).toBeVisible()
  await box.getByRole('button', { name: 'Try again' }).click()
  await expect(box.getByText('sent', { exact: true })).toBeVisible()
  await expect(box.getByText('Are you there?', { exact: true })).toHaveCount(1)

  // The request arrives and only its answer is lost: the frame tells, and nothing is sent twice.
  await page.route('**/messages', async (route) => {
    await route.fetch()
    await route.abort()
  })
  await box.getByRole('textbox', { name: /^Message to/ }).fill('And now?')
  await page.keyboard.press('Enter')
  await expect(box.getByText('And now?', { exact: true })).toHaveCount(1)
  await expect(box.getByRole('alert')).toHaveCount(0)
  const { items } = await server.api<{ items: { body?: string }[] }>(anna, 'GET', `/conversations/${people[0]!.id}`)
  expect(items.filter((i) => i.body).map((i) => i.body)).toEqual(['And now?', 'Are you there?'])
  await page.unrouteAll({ behavior: 'wait' })
})

test('two claim at once: one wins, the other sees who, and may take over', async ({ browser, server }) => {
  const { people } = await pool(server, 'CLAIM', 1)
  const sara = people[0]!
  await reply(server, sara, 'Who can help me?')
  const [one, two] = [await staff(server, browser, anna), await staff(server, browser, ola)]
  const [mine, theirs] = [await chat(one, sara), await chat(two, sara)]
  await expect(theirs.getByText('Anna Lind is looking')).toBeVisible()
  // Ola's page does not hear of it in time: the server decides.
  await two.route('**/claim', async (route) => {
    await server.api(anna, 'POST', `/conversations/${sara.id}/claim`, {})
    await route.continue()
  })
  await theirs.getByRole('button', { name: 'Claim', exact: true }).click()
  await expect(two.getByText('Anna Lind is answering').first()).toBeVisible()
  await expect(mine.getByText('You are answering')).toBeVisible()
  await two.unrouteAll({ behavior: 'wait' }) // the frame may be here before the refusal

  await theirs.getByRole('textbox', { name: /^Message to/ }).fill('I can')
  await two.keyboard.press('Enter')
  await expect(theirs.getByRole('alert').getByText('Anna Lind is answering')).toBeVisible()
  await shot(two, 'chat-conflict')
  await theirs.getByRole('button', { name: 'Take over and send' }).click()
  await expect(theirs.getByRole('alert')).toHaveCount(0)
  await expect(theirs.getByText('You are answering')).toBeVisible()
  await expect(mine.getByText('Ola Berg is answering', { exact: true })).toBeVisible()
  await expect(mine.getByText('I can', { exact: true })).toBeVisible()
})

test('a colleague has answered meanwhile: it is shown before mine goes', async ({ browser, server }) => {
  const { people } = await pool(server, 'SEEN', 1)
  const sara = people[0]!
  await reply(server, sara, 'When do we start?')
  const page = await staff(server, browser, anna)
  // Said long before it is needed: on a busy machine a page hears late that its requests are held.
  await page.route(
    '**/messages',
    async (route) => {
      await send(server, ola, sara, 'At eight')
      await route.continue()
    },
    { times: 1 },
  )
  const box = await chat(page, sara)
  await box.getByRole('textbox', { name: /^Message to/ }).fill('At nine')
  await page.keyboard.press('Enter')
  await expect(box.getByRole('alert').getByText('Ola Berg has answered meanwhile')).toBeVisible()
  await expect(box.getByText('At eight', { exact: true })).toBeVisible()
  await box.getByRole('button', { name: 'Edit' }).click()
  await expect(box.getByRole('textbox', { name: /^Message to/ })).toHaveValue('At nine')
  await box.getByRole('textbox', { name: /^Message to/ }).fill('As Ola says')
  await page.keyboard.press('Enter')
  await expect(box.getByText('As Ola says', { exact: true })).toBeVisible()
  await expect(box.getByRole('alert')).toHaveCount(0)
})

test('a note with a mention reaches the colleague and never the candidate', async ({ browser, server }) => {
  const { people } = await pool(server, 'NOTE', 1)
  const sara = people[0]!
  await reply(server, sara, 'Please call me')
  const [one, two] = [await staff(server, browser, anna), await staff(server, browser, ola)]
  const box = await chat(one, sara)
  await box.getByRole('button', { name: 'Private note' }).click()
  const text = box.getByRole('textbox', { name: /^Private note about/ })
  await text.pressSequentially('@ola')
  await expect(box.getByRole('option', { name: /Ola Berg/ })).toBeVisible()
  await one.keyboard.press('Enter')
  await expect(text).toHaveValue('@Ola Berg ')
  await text.pressSequentially('can you call? canary-note')
  await shot(one, 'chat-note')
  await one.keyboard.press('Control+Enter')
  await expect(box.getByText('Staff only', { exact: true })).toBeVisible()
  await expect(two.getByText(/^Anna Lind mentioned you/)).toBeVisible()
  await two.getByRole('button', { name: 'Open', exact: true }).first().click()
  await expect(windowOf(two, sara.name).getByText('@Ola Berg', { exact: true })).toBeVisible()
  const inbox = await server.api<object>(sara.login as never, 'GET', '/inbox')
  expect(JSON.stringify(inbox)).not.toContain('canary-note')
})

test('Press enter to send is remembered by the server; off, Enter makes a line', async ({ browser, server }) => {
  const { people } = await pool(server, 'ENTER', 1)
  const page = await staff(server, browser, ola)
  const box = await chat(page, people[0]!)
  const saved = page.waitForResponse((r) => r.url().endsWith('/me/preferences') && r.request().method() === 'PUT')
  await box.getByRole('checkbox', { name: 'Press enter to send' }).uncheck()
  await saved
  const text = box.getByRole('textbox', { name: /^Message to/ })
  await text.pressSequentially('one')
  await page.keyboard.press('Enter')
  await text.pressSequentially('two')
  await expect(text).toHaveValue('one\ntwo')
  await page.reload()
  await expect(box.getByRole('checkbox', { name: 'Press enter to send' })).not.toBeChecked()
  await text.focus()
  await page.keyboard.press('Control+Enter')
  await expect(box.getByText('one two', { exact: true })).toBeVisible()
  await box.getByRole('checkbox', { name: 'Press enter to send' }).check()
})

test('a subject where the organisation asks for one: the missing one is named', async ({ browser, server }) => {
  const { people } = await pool(server, 'SUBJECT', 1)
  await server.api('admin', 'PATCH', '/settings', { chat_subject: true })
  try {
    const page = await staff(server, browser, anna)
    const box = await chat(page, people[0]!)
    const subject = box.getByRole('textbox', { name: 'Subject', exact: true })
    await page.keyboard.press('Enter')
    await expect(box.getByText('Subject and message are missing')).toBeVisible()
    await expect(subject).toBeFocused()
    await box.getByRole('textbox', { name: /^Message to/ }).fill('The text')
    await page.keyboard.press('Enter')
    await expect(box.getByText('The subject is missing')).toBeVisible()
    await subject.fill('The subject')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await expect(box.getByText('The subject', { exact: true })).toBeVisible()
  } finally {
    await server.api('admin', 'PATCH', '/settings', { chat_subject: false })
  }
})

test('canned replies by shortcut and button, with their fields; emoji from our own server', async ({ browser, server }) => {
  const { people } = await pool(server, 'CANNED', 1)
  await server.api(anna, 'POST', '/canned-replies', { title: 'Greeting', shortcut: 'hi', body: 'Hello {{first_name}}, this is {{sender}} about {{group}}.', shared: false })
  const page = await staff(server, browser, anna)
  const box = await chat(page, people[0]!)
  const text = box.getByRole('textbox', { name: /^Message to/ })
  const filled = 'Hello First1, this is Anna Lind about Pool CANNED.'
  await text.pressSequentially('/h')
  await expect(box.getByRole('option', { name: /Greeting/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(text).toHaveValue(filled)
  await text.fill('')
  await box.getByRole('button', { name: 'Canned replies' }).click()
  await page.getByRole('dialog', { name: 'Canned replies' }).getByRole('combobox').fill('greet')
  await page.keyboard.press('Enter')
  await expect(text).toHaveValue(filled)

  const foreign: string[] = []
  page.on('request', (r) => !r.url().startsWith(server.url) && foreign.push(r.url()))
  await box.getByRole('button', { name: 'Emoji' }).click()
  const picker = page.getByRole('dialog', { name: 'Emoji' })
  await picker.getByRole('textbox', { name: 'Search emoji' }).fill('thumbs up')
  await shot(page, 'chat-emoji')
  await page.keyboard.press('Enter')
  await expect(text).toHaveValue(filled + '👍️')
  expect(foreign).toEqual([])
})

test('who else types is said, and ends', async ({ browser, server }) => {
  const { people } = await pool(server, 'TYPING', 1)
  const [one, two] = [await staff(server, browser, anna), await staff(server, browser, ola)]
  const [mine, theirs] = [await chat(one, people[0]!), await chat(two, people[0]!)]
  await theirs.getByRole('textbox', { name: /^Message to/ }).pressSequentially('I am')
  await expect(mine.getByText('Ola Berg is replying…')).toBeVisible()
  await theirs.getByRole('textbox', { name: /^Message to/ }).fill('')
  await expect(mine.getByText('Ola Berg is replying…')).toBeHidden()
  await two.keyboard.press('Escape')
  await expect(mine.getByText('Ola Berg is looking')).toBeHidden()
})

test('blocked: the reason in words instead of a composer; a note is still possible', async ({ browser, server }) => {
  const { people } = await pool(server, 'BLOCK', 3)
  await server.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: 'BLOCK-1', kind: 'candidate', given_name: 'First1', family_name: 'BLOCK', state: 'locked' }] })
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: 'BLOCK', kind: 'pool', person: 'BLOCK-2', state: 'left' }] })
  await server.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: 'BLOCK-3', kind: 'candidate', given_name: 'First3', family_name: 'BLOCK', state: 'invited' }] })
  for (const [n, words] of [
    [0, 'The account of First1 BLOCK is locked'],
    [1, 'First2 BLOCK has left'],
    [2, 'First3 BLOCK has not accepted the invitation yet'],
  ] as const) {
    const page = await staff(server, browser, anna)
    await page.evaluate(([me, id, name]) => sessionStorage.setItem(`crier:${me}:dock`, JSON.stringify([{ kind: 'person', id, name, collapsed: false }])), [
      (await server.api<{ me: { id: string } }>(anna, 'GET', '/session')).me.id,
      people[n]!.id,
      people[n]!.name,
    ] as const)
    await page.reload()
    const box = windowOf(page, people[n]!.name)
    await expect(box.getByText(words)).toBeVisible()
    await expect(box.getByRole('textbox', { name: /^Message to/ })).toHaveCount(0)
    if (n) continue
    await box.getByRole('button', { name: 'Private note' }).click()
    await box.getByRole('textbox', { name: /^Private note about/ }).fill('Locked on purpose')
    await page.keyboard.press('Control+Enter')
    await expect(box.getByText('Locked on purpose', { exact: true })).toBeVisible()
    await shot(page, 'chat-blocked')
  }
})

test('the server dies and comes back: what failed is tried again, in the order it was written', async ({ browser }) => {
  test.setTimeout(120_000)
  const mortal = new Mortal()
  try {
    await mortal.start()
    const server = new Server(`http://127.0.0.1:${mortal.port}`)
    const { people } = await pool(server, 'MORTAL', 1)
    const page = await staff(server, browser, anna)
    const box = await chat(page, people[0]!)
    await mortal.kill()
    const text = box.getByRole('textbox', { name: /^Message to/ })
    for (const line of ['First', 'Second']) {
      await text.fill(line)
      await page.keyboard.press('Enter')
    }
    await expect(box.getByRole('alert')).toHaveCount(2)
    await mortal.start()
    await expect(page.getByText(/^Connected/).first()).toBeVisible({ timeout: 40_000 })
    for (const left of [1, 0]) {
      await box.getByRole('button', { name: 'Try again' }).first().click()
      await expect(box.getByRole('alert')).toHaveCount(left)
    }
    const { items } = await server.api<{ items: { body?: string }[] }>(anna, 'GET', `/conversations/${people[0]!.id}`)
    expect(items.map((i) => i.body)).toEqual(['Second', 'First'])
  } finally {
    await mortal.end()
  }
})
