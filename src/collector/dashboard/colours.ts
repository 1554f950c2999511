/** Colours of series: one for each name, the same on every chart for as long as the page is open. Told apart by colour-blind eyes too, by hue and by lightness. */

const NUMBER = 8
/** By dimension, names in the order they came. */
const seen = new Map<string, string[]>()

/** Gives names their colours, the first ones the most distinct. */
export function colourOf(dimension: string, name: string): string {
  const names = seen.get(dimension) ?? []
  if (names.length === 0) seen.set(dimension, names)
  let index = names.indexOf(name)
  if (index === -1) index = names.push(name) - 1
  return `--series-${(index % NUMBER) + 1}`
}

/** Of all that has no series of its own. */
export const OTHERS_COLOUR = '--series-others'

/** The value of a custom property, such as `--series-1`, in the theme that is on. */
export function colourValue(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim()
}
