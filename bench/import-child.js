/** A program that does nothing but start tokmeter. */
const begin = performance.now()
const { start } = await import('tokmeter')
const imported = performance.now()
start({ prometheus: { port: 0 }, otlp: { url: 'http://127.0.0.1:1' } })
const started = performance.now()
process.send?.({ imported: imported - begin, started: started - imported }, () => process.exit())
