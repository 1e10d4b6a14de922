import { deflateSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { anna, chat, pool, reply, send, staff } from './chat-people'
import { accessible, expect, shot, test } from './staff-server'

/** A PNG of one colour, as small as it gets. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.alloc(1 + width * 3, 0x66)
  row[0] = 0
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))), chunk('IEND', Buffer.alloc(0))])
}

function crc(data: Buffer): number {
  let c = ~0
  for (const byte of data) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return ~c >>> 0
}

/** Puts files into the page as a paste or a drop would. */
async function give(page: Page, how: 'paste' | 'drop', name: string, type: string, content: Buffer) {
  await page.evaluate(
    ([how, name, type, base64]) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
      const data = new DataTransfer()
      data.items.add(new File([bytes], name, { type }))
      const target = document.querySelector('[data-chat] textarea')!
      if (how === 'paste') target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
      else for (const what of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(what, { dataTransfer: data, bubbles: true, cancelable: true }))
    },
    [how, name, type, content.toString('base64')] as const,
  )
}

test('sent before its file is there: it goes when it is; a word more, and it waits to be sent again', async ({ browser, server }) => {
  const { people } = await pool(server, 'SLOWFILE', 1)
  const page = await staff(server, browser, anna)
  const box = await chat(page, people[0]!)
  let arrive = () => {}
  await page.route('**/attachments?*', async (route) => {
    await new Promise<void>((resolve) => (arrive = resolve))
    await route.continue()
  })
  const text = box.getByRole('textbox', { name: /^Message to/ })
  const file = box.getByRole('list', { name: 'Attached files' })
  const attach = async (name: string) => {
    const going = page.waitForRequest('**/attachments?*')
    await give(page, 'drop', name, 'text/plain', Buffer.from('Monday 8–16'))
    await going
  }
  await attach('plan.txt')
  await text.fill('Here it is')
  await page.keyboard.press('Enter')
  await expect(box.getByRole('status').getByText('Goes as soon as the files are there')).toBeVisible()
  arrive()
  await expect(file).toBeHidden()
  await expect(text).toHaveValue('')
  await expect(box.getByRole('list').first().getByText('Here it is')).toBeVisible()

  await attach('other.txt')
  await text.fill('And this')
  await page.keyboard.press('Enter')
  await expect(box.getByRole('status').getByText('Goes as soon as the files are there')).toBeVisible()
  await page.keyboard.type(' too')
  await expect(box.getByText('Goes as soon as the files are there')).toHaveCount(0)
  arrive()
  await expect(file.getByRole('progressbar')).toHaveCount(0)
  await expect(text).toHaveValue('And this too')
  await page.keyboard.press('Enter')
  await expect(file).toBeHidden()
  const { items } = await server.api<{ items: { body?: string; attachments?: unknown[] }[] }>(anna, 'GET', `/conversations/${people[0]!.id}`)
  expect(items.filter((i) => i.body).map((i) => [i.body, i.attachments?.length])).toEqual([['And this too', 1], ['Here it is', 1]])
})

test('files by paste, drop and button: shown, taken out, sent, downloaded, listed', async ({ browser, server }) => {
  const { people } = await pool(server, 'FILES', 1)
  const page = await staff(server, browser, anna)
  const box = await chat(page, people[0]!)
  const tray = box.getByRole('list', { name: 'Attached files' })

  await give(page, 'paste', 'image.png', 'image/png', png(1200, 800))
  await expect(tray.getByText(/^picture-.*\.png$/)).toBeVisible()
  await give(page, 'drop', 'plan.txt', 'text/plain', Buffer.from('Monday 8–16'))
  await expect(tray.getByText('plan.txt')).toBeVisible()
  const [dialog] = await Promise.all([page.waitForEvent('filechooser'), box.getByRole('button', { name: 'Attach files' }).click()])
  await dialog.setFiles([
    { name: 'wrong.txt', mimeType: 'text/plain', buffer: Buffer.from('not this one') },
    { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
  ])
  await expect(page.getByText('empty.txt is empty')).toBeVisible()
  await expect(tray.getByRole('listitem')).toHaveCount(3)
  await tray.getByRole('button', { name: 'Remove wrong.txt' }).click()
  await expect(tray.getByRole('listitem')).toHaveCount(2)
  await expect(tray.getByRole('progressbar')).toHaveCount(0)
  await accessible(page)
  await shot(page, 'chat-tray')

  // What has been taken in is part of the draft.
  await page.reload()
  await expect(tray.getByRole('listitem')).toHaveCount(2)
  await box.getByRole('textbox', { name: /^Message to/ }).focus()
  await page.keyboard.press('Enter')
  await expect(tray).toBeHidden()
  const picture = box.getByRole('img', { name: /^picture-/ })
  await expect(picture).toBeVisible()
  expect(await picture.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBeGreaterThan(0)
  const [download] = await Promise.all([page.waitForEvent('download'), box.getByRole('link', { name: /plan\.txt/ }).click()])
  expect(download.suggestedFilename()).toBe('plan.txt')
  await accessible(page)
  await shot(page, 'chat-files')

  await box.getByRole('button', { name: 'More about this conversation' }).click()
  await page.getByRole('menuitem', { name: 'Shared documents' }).click()
  const documents = page.getByRole('dialog', { name: 'Shared documents' })
  await expect(documents.getByRole('listitem')).toHaveCount(2)
  await documents.getByRole('searchbox', { name: 'Search by file or sender' }).fill('plan')
  await expect(documents.getByRole('listitem')).toHaveCount(1)
  await shot(page, 'chat-documents')
  await documents.getByRole('button', { name: 'Show in the conversation' }).click()
  await expect(documents).toBeHidden()

  for (const [name, ending] of [
    ['Transcript as text', /\.txt$/],
    ['Transcript as a page', /\.html$/],
  ] as const) {
    await box.getByRole('button', { name: 'More about this conversation' }).click()
    const [transcript] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name }).click()])
    expect(transcript.suggestedFilename()).toMatch(ending)
  }
})

test('what the server refuses by content is said, and the rest can go', async ({ browser, server }) => {
  const { people } = await pool(server, 'REFUSE', 1)
  const page = await staff(server, browser, anna)
  const box = await chat(page, people[0]!)
  await give(page, 'drop', 'page.html', 'text/html', Buffer.from('<!doctype html><script>alert(1)</script>'))
  const tray = box.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByText(/^not attached/)).toBeVisible()
  await shot(page, 'chat-refused')
  await box.getByRole('textbox', { name: /^Message to/ }).fill('See the page')
  await page.keyboard.press('Enter')
  await expect(box.getByText(/A file could not be attached/)).toBeVisible()
  await tray.getByRole('button', { name: 'Remove page.html' }).click()
  await page.keyboard.press('Enter')
  await expect(box.getByText('See the page', { exact: true })).toBeVisible()
})

test('scrolling up brings what is older, and what is read does not move', async ({ browser, server }) => {
  const { people } = await pool(server, 'LONGER', 1)
  const sara = people[0]!
  for (let i = 1; i <= 100; i++) await send(server, anna, sara, `Line ${i} of a long conversation`)
  const page = await staff(server, browser, anna)
  const box = await chat(page, sara)
  await expect(box.getByText('Line 100 of a long conversation', { exact: true })).toBeInViewport()
  const history = box.getByRole('region', { name: /^Messages with/ })
  const bodies = box.locator('[data-item]')
  const before = await bodies.count()
  expect(before).toBeLessThan(60)

  // Where the first row in view stands, again and again while older ones arrive above it.
  await history.evaluate((e) => (e.scrollTop = 300))
  await expect.poll(() => bodies.count()).toBeGreaterThan(before)
  const row = box.getByText('Line 70 of a long conversation', { exact: true })
  const at = (await row.boundingBox())!.y
  await history.evaluate((e) => (e.scrollTop = 5))
  const first = await history.evaluate((e) => {
    const top = e.getBoundingClientRect().top
    const row = [...e.querySelectorAll<HTMLElement>('[data-item]')].find((r) => r.getBoundingClientRect().bottom > top)!
    return { id: row.dataset.item!, y: row.getBoundingClientRect().top }
  })
  await expect(box.getByText('The beginning of this conversation')).toBeAttached()
  const after = await box.locator(`[data-item="${first.id}"]`).boundingBox()
  expect(Math.abs(after!.y - first.y)).toBeLessThan(3)
  expect(at).toBeGreaterThan(0)

  // Something new does not pull one away, but is told.
  await reply(server, sara, 'And one more')
  await expect(box.getByRole('button', { name: '1 new message' })).toBeVisible()
  const still = await box.locator(`[data-item="${first.id}"]`).boundingBox()
  expect(Math.abs(still!.y - after!.y)).toBeLessThan(3)
  await shot(page, 'chat-older')
  await box.getByRole('button', { name: '1 new message' }).click()
  await expect(box.getByText('And one more', { exact: true })).toBeInViewport()
  await page.keyboard.press('Escape')

  // A link to one message, as a search hit has it: read back to it, however old.
  const { items } = await server.api<{ items: { id: string }[] }>(anna, 'GET', `/conversations/${sara.id}?limit=200`)
  const tenth = items.at(-10)!
  await page.goto(`/staff/messages?open=${sara.id}&item=${tenth.id}`)
  await expect(page.getByText('Line 10 of a long conversation', { exact: true })).toBeInViewport()
  await expect(page.locator(`[data-item="${tenth.id}"]`)).toBeFocused()
})
