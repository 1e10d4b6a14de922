/** The AsyncAPI document is valid, and says the same as the golden transcripts do. */
import { Parser } from '@asyncapi/parser'
import Ajv, { type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'

const room = new URL('../../../internal/protocol/', import.meta.url)
const folder = new URL('testdata/', room)

type Schema = { [keyword: string]: unknown; properties?: Record<string, Schema>; items?: Schema }
type Described = { name: string; schema: Schema; fits: ValidateFunction }
type Frame = { type: string; [field: string]: unknown }
type Line = { where: string; from: 'client' | 'server'; frame: Frame; raw: boolean }

/** Frames by who sends them and by type, as the document describes them. */
const described = { client: new Map<string, Described>(), server: new Map<string, Described>() }

function value(name: string): unknown {
  if (/^\$(at|now)/.test(name)) return '2026-05-04T09:00:00.123456Z'
  return /^\$([ci]\d+|begin|ahead|omars|foreign|[ab])$/.test(name) ? 'abcdefghijklmnopqrstuv' : `some ${name.slice(1)}`
}

const filled = (text: string) => JSON.parse(text, (_, one: unknown) => (typeof one === 'string' && one.startsWith('$') ? value(one) : one)) as Frame

/** All frames of all transcripts, also those that are no commands but JSON objects, said to be `raw`. */
function* frames(): Generator<Line> {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    for (const [i, line] of readFileSync(new URL(file, folder), 'utf8').split('\n').entries()) {
      const where = `${file}:${i + 1}`
      if (/^[CS&] /.test(line)) yield { where, from: line[0] === 'C' ? 'client' : 'server', frame: filled(line.slice(2)), raw: false }
      else if (line.startsWith('! raw {')) {
        const text = line.slice('! raw '.length)
        try {
          const frame = JSON.parse(text) as Frame
          // A field that stands twice is gone once JSON.parse has read it; NUL is refused everywhere, which no schema says.
          if (JSON.stringify(frame) === text && !text.includes('\\u0000')) yield { where, from: 'client', frame, raw: true }
        } catch {
          // no JSON at all: nothing that a schema could say
        }
      }
    }
  }
}

/** The fields of a value that its schema does not name. */
function unnamed(schema: Schema, at: string, one: unknown): string[] {
  if (Array.isArray(one)) return one.flatMap((item, i) => unnamed(schema.items ?? {}, `${at}[${i}]`, item))
  if (typeof one !== 'object' || one === null) return []
  return Object.entries(one).flatMap(([name, field]) => {
    const of = schema.properties?.[name]
    return of ? unnamed(of, `${at}.${name}`, field) : [`${at}.${name}`]
  })
}

describe('asyncapi.yaml', () => {
  beforeAll(async () => {
    const { document, diagnostics } = await new Parser().parse(readFileSync(new URL('asyncapi.yaml', room), 'utf8'))
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([])
    const ajv = formats(new Ajv({ strict: false, allErrors: true }))
    for (const operation of document!.operations().all()) {
      const from = operation.isReceive() ? 'client' : 'server'
      for (const message of operation.messages().all()) {
        const schema = message.payload()!.json() as Schema
        const type = schema.properties!.type as { const?: string; enum?: string[] }
        for (const name of type.const ? [type.const] : type.enum!) {
          // watch and unwatch, enrolment and broadcasts, share their schema.
          described[from].set(name, { name: message.id(), schema, fits: ajv.compile(schema) })
        }
      }
    }
  })

  test('describes every frame of the transcripts', () => {
    const faults: string[] = []
    let checked = 0
    for (const { where, from, frame, raw } of frames()) {
      if (raw) continue
      checked++
      const known = described[from].get(frame.type)
      if (!known) faults.push(`${where}: no ${frame.type} from the ${from}`)
      else if (!known.fits(frame)) faults.push(`${where}: ${known.fits.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')}`)
      else faults.push(...unnamed(known.schema, frame.type, frame).map((field) => `${where}: ${field} is not described`))
    }
    expect(faults).toEqual([])
    expect(checked).toBeGreaterThan(200)
  })

  test('describes nothing that no transcript shows', () => {
    const shown = new Set([...frames()].filter(({ raw }) => !raw).map(({ from, frame }) => `${from} ${frame.type}`))
    const all = (['client', 'server'] as const).flatMap((from) => [...described[from].keys()].map((type) => `${from} ${type}`))
    expect(all.filter((one) => !shown.has(one))).toEqual([])
    expect(all.length).toBe(40)
  })

  test('refuses what the server refuses', () => {
    const raws = [...frames()].filter(({ raw }) => raw)
    expect(raws.length).toBeGreaterThan(5)
    const taken = raws.filter(({ frame }) => described.client.get(frame.type)?.fits(frame)).map(({ where }) => where)
    expect(taken).toEqual([])
  })
})
