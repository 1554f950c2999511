/** Builds the dashboard into the collector's `dist/pages`: hashed files, each beside itself compressed, so that serving costs nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const require = createRequire(import.meta.url)
const directory = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const OUTPUT = directory('../dist/pages')

/** What is compressed already is left alone. */
const COMPRESSIBLE = /\.(html|js|css|svg|txt)$/

function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      const files = readdirSync(OUTPUT, { recursive: true, encoding: 'utf8' }).filter((name) => COMPRESSIBLE.test(name))
      for (const file of files.map((name) => join(OUTPUT, name))) {
        const body = readFileSync(file)
        writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }))
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
        writeFileSync(`${file}.br`, brotliCompressSync(body, { params: quality }))
      }
    },
  }
}

/** The licences of what is in the bundle ask to stand beside it. */
function licences(packages: readonly string[]): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      const texts = packages.map((name) => {
        const text = readFileSync(join(dirname(require.resolve(`${name}/package.json`)), 'LICENSE'), 'utf8')
        return `${name}\n${'='.repeat(name.length)}\n\n${text.trim()}\n`
      })
      this.emitFile({ type: 'asset', fileName: 'assets/licences.txt', source: texts.join('\n\n') })
    },
  }
}

export default defineConfig({
  root: directory('.'),
  // Relative, so that it works behind a proxy under any path.
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no data: URLs for fonts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [licences(['preact', 'uplot', '@fontsource-variable/inter']), compressed()],
  // `npx vite src/collector/dashboard` while working on it, beside a collector.
  server: { proxy: { '/api': 'http://127.0.0.1:4318' } },
})
