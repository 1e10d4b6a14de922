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
        codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
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
