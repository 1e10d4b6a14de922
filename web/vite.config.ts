import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.CRIER_URL ?? 'http://127.0.0.1:8080'

/** The staff app has its own page; in development every address below /staff/ must find it. */
const staffPages = {
  name: 'crier-staff-pages',
  configureServer(dev: { middlewares: { use(fn: (req: { url?: string }, res: unknown, next: () => void) => void): void } }) {
    dev.middlewares.use((req, _res, next) => {
      if (req.url?.startsWith('/staff') && !req.url.includes('.')) req.url = '/staff/index.html'
      next()
    })
  },
}

type Module = { importedIds: readonly string[]; dynamicallyImportedIds: readonly string[] }

const entries = { candidate: here('./src/candidate/main.ts'), staff: here('./src/staff/main.ts') }
const reached = new Map<string, ReadonlySet<string>>()

/** All that an entry needs to begin; with `later`, also what it may fetch. */
function reach(entry: string, later: boolean, look: (id: string) => Module | undefined): ReadonlySet<string> {
  const key = entry + later
  const known = reached.get(key)
  if (known) return known
  const found = new Set([entry])
  for (const id of found) for (const next of [...(look(id)?.importedIds ?? []), ...(later ? (look(id)?.dynamicallyImportedIds ?? []) : [])]) found.add(next)
  reached.set(key, found)
  return found
}

/** The file that a module of both apps, or of the frame of the staff's pages, belongs to; null for any other. */
function part(id: string, look: (id: string) => Module | undefined): 'shared' | 'frame' | null {
  const staff = reach(entries.staff, true, look).has(id)
  if (reach(entries.candidate, true, look).has(id)) return staff ? 'shared' : null
  return staff && id !== entries.staff && reach(entries.staff, false, look).has(id) ? 'frame' : null
}

/** The rooms of the staff's pages, one file each: a room is before those that use it. */
const rooms = ['lists', 'send', 'conversation', 'people', 'messages', 'dock', 'monitor', 'board', 'deliveries', 'log', 'settings']

export default defineConfig({
  plugins: [svelte(), staffPages],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Nothing may be inlined: the Content-Security-Policy allows no data: but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { candidate: here('./index.html'), staff: here('./staff/index.html') },
      output: {
        // The bundle is committed: names without hashes keep the history readable. The server sends ETags instead.
        entryFileNames: 'assets/[name].js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: (file) => (file.originalFileNames.some((f) => f.includes('emoji-picker-element-data')) ? 'assets/emoji.json' : 'assets/[name][extname]'),
        codeSplitting: {
          groups: [
            ...(['shared', 'frame'] as const).map((name, i) => ({
              name: (id: string, context: { getModuleInfo(id: string): Module | null }) => (part(id, (one) => context.getModuleInfo(one) ?? undefined) === name ? name : null),
              debugName: name,
              priority: 100 - i,
            })),
            ...rooms.map((room, i) => ({ name: room, test: room === 'lists' ? /\/src\/staff\/lists\/|\/node_modules\/virtua\/|\/src\/staff\/monitor\/(slowly|ticks|steady|look|filter|FilterMenu)\b/ : new RegExp(`/src/staff/${room}/(?!EmojiPicker|emoji)`), priority: 50 - i })),
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/socket': { target: server, ws: true, changeOrigin: true },
    },
  },
  test: { include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'], environment: 'node' },
})
