/** Tokens over time by type: parts that add up, so cached ones are taken out of the input and reasoning ones out of the output. */
import { request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { Chart } from './chart.js'
import { inBars, sumOf, timesOf } from './chart-data.js'
import { short } from './format.js'
import { Panel } from './panel.js'
import { barOf, granularityOf, lengthInWords, rangeInWords } from './range.js'

const TOKENS = {
  input: ['input_tokens', 'sum'],
  cache_read: ['cache_read_tokens', 'sum'],
  cache_write: ['cache_write_tokens', 'sum'],
  output: ['output_tokens', 'sum'],
  reasoning: ['reasoning_tokens', 'sum'],
} as const

/** A whole without its parts; a part of which nothing is known is none of it. */
const without = (whole: number | null, ...parts: readonly (number | null)[]) =>
  whole === null ? null : Math.max(0, whole - parts.reduce<number>((sum, part) => sum + (part ?? 0), 0))

export function TokenTypes() {
  const { span, filters, range } = useSubject()
  const interval = granularityOf(span)
  const barMs = barOf(span)
  const asked = useAnswer(request({ span, filters, metrics: TOKENS, interval }))
  return (
    <Panel
      title="Tokens by type"
      hint={`per ${lengthInWords(barMs)}`}
      asked={asked}
      covered="usage"
      isEmpty={({ rows }) => !rows.some(({ input, output }) => (input ?? 0) + (output ?? 0) > 0)}
    >
      {({ rows }) => (
        <Chart
          label={`Tokens by type, ${rangeInWords(range)}`}
          kind="bars"
          isStacked
          windowMs={barMs}
          format={short}
          columns={inBars(
            {
              times: timesOf(rows),
              series: [
                {
                  name: 'input',
                  colour: '--series-1',
                  values: rows.map((row) => without(row.input, row.cache_read, row.cache_write)),
                },
                { name: 'input from cache', colour: '--series-6', values: rows.map(({ cache_read }) => cache_read) },
                { name: 'input to cache', colour: '--series-8', values: rows.map(({ cache_write }) => cache_write) },
                { name: 'output', colour: '--series-2', values: rows.map((row) => without(row.output, row.reasoning)) },
                { name: 'reasoning', colour: '--series-4', values: rows.map(({ reasoning }) => reasoning) },
              ].filter(({ values }) => values.some((value) => (value ?? 0) > 0)),
            },
            barMs,
          )}
          total={({ values }) => short(sumOf(values))}
        />
      )}
    </Panel>
  )
}
