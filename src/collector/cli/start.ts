/** Starts the collector for `tokmeter collect`, and says where it is to be reached. */
import { startCollector } from '../collector.js'
import { type Loaded, wantsColor } from '../config.js'
import { createLog } from '../log.js'
import { VERSION } from '../version.js'
import type { Running } from './collect.js'
import type { Terminal } from './command.js'

/** The log goes to the standard error output: what is printed to the other one may be read by a program. */
export async function start({ config, file, warnings }: Loaded, { errors }: Terminal): Promise<Running> {
  const output = errors as NodeJS.WritableStream & Terminal['errors']
  const log = createLog({ ...config.log, output, isColored: wantsColor(errors) })
  for (const warning of warnings) log.warn({}, warning)
  const collector = await startCollector({ config, version: VERSION, log })
  const { url } = collector
  log.info(
    {
      config: file ?? 'defaults',
      data: config.data,
      otlp: `${url}/v1/{traces,metrics,logs}`,
      metrics: `${url}${config.metrics.path}`,
    },
    `listening on ${url}`,
  )
  return collector
}
