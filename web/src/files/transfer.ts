// One file on its way to the server, and the addresses of those that are there.

import { ApiError, query } from '../lib/api'
import { api, session } from '../lib/session.svelte'
import type { Attachment } from '../protocol/frames'
import { nameOf } from './name'

export const fileAddress = (id: string) => `/api/v1/attachments/${encodeURIComponent(id)}`
export const previewAddress = (id: string) => fileAddress(id) + '/preview'

/** Takes back a file that goes with no message after all. The server forgets it within a day anyway: failing is no matter. */
export const discard = (id: string): void => void api.delete(fileAddress(id).replace('/api/v1', '')).catch(() => {})

export type Upload = { done: Promise<Attachment>; abort: () => void }

/** Sends one file to a route that takes files; `onprogress` hears how many bytes have gone. Rejects with ApiError. */
export function upload(route: string, file: Blob, name: string, onprogress: (bytes: number) => void): Upload {
  const request = new XMLHttpRequest()
  const done = new Promise<Attachment>((resolve, reject) => {
    request.open('POST', `/api/v1${route}${query({ name })}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.responseType = 'json'
    request.upload.onprogress = (event) => onprogress(event.loaded)
    request.onerror = request.ontimeout = () => reject(new ApiError({ code: 'network', message: 'no answer' }))
    request.onabort = () => reject(new DOMException('removed', 'AbortError'))
    request.onload = () => {
      const answer = request.response as { attachment?: Attachment; error?: { code: ApiError['code']; message: string; field?: string; limit?: number } } | null
      if (request.status < 300 && answer?.attachment) return resolve(answer.attachment)
      if (request.status === 401) session.ended()
      reject(new ApiError({ code: answer?.error?.code ?? 'internal', message: answer?.error?.message ?? '', ...answer?.error, status: request.status }))
    }
    request.send(file)
  })
  return { done, abort: () => request.abort() }
}

/** The name of the file at an address, if it may be downloaded. Rejects with ApiError, and reports the end of a session. */
export async function look(address: string): Promise<string> {
  let answer: Response
  try {
    answer = await fetch(address, { credentials: 'same-origin', headers: { Range: 'bytes=0-0' } })
  } catch (cause) {
    throw new ApiError({ code: 'network', message: String(cause) })
  }
  if (answer.ok) return nameOf(answer.headers.get('Content-Disposition') ?? '')
  const body = (await answer.json().catch(() => undefined)) as { error?: ConstructorParameters<typeof ApiError>[0] } | undefined
  if (answer.status === 401) session.ended()
  throw new ApiError({ code: 'internal', message: '', ...body?.error, status: answer.status })
}
