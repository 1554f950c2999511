/** The cards on top of a page: a number, how it went, and how it was before. */
import type { ComponentChildren } from 'preact'
import { change, changeOf, type Format } from './format.js'
import { Spark } from './spark.js'

export type KpiProps = {
  readonly label: string
  readonly value: number | null | undefined
  readonly format: Format
  readonly before?: number | null | undefined
  /** Which way is bad; none: neither is. */
  readonly bad?: 'up' | 'down'
  readonly values?: readonly (number | null)[]
  readonly colour?: string
  /** Below the number. */
  readonly children?: ComponentChildren
  /** Where a click leads. */
  readonly href?: string
  /** What exactly it is. */
  readonly title?: string
}

/** Smaller changes are none. */
const NOTEWORTHY = 0.005

export function Kpi({ label, value, format, before, bad, values, colour, children, href, title }: KpiProps) {
  const changed = changeOf(value, before)
  const tone =
    changed === null || bad === undefined || Math.abs(changed) < NOTEWORTHY
      ? 'even'
      : changed > 0 === (bad === 'up')
        ? 'worse'
        : 'better'
  return (
    <section class="kpi" aria-label={label} title={title}>
      <h2 class="kpi-label">{href ? <a href={href}>{label}</a> : label}</h2>
      <div class="kpi-value">{value === undefined ? <span class="skeleton kpi-waiting" /> : format(value)}</div>
      <div class="kpi-foot">
        {changed !== null && (
          <span class={`delta ${tone}`} title={`${format(before)} in the period before`}>
            {Math.abs(changed) >= NOTEWORTHY && <span aria-hidden="true">{changed > 0 ? '▲' : '▼'} </span>}
            {change(changed)} <span class="unseen">against the period before</span>
          </span>
        )}
        {children}
      </div>
      {values && <Spark values={values} {...(colour && { colour })} />}
    </section>
  )
}
