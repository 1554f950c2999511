/** Chooses by which dimension a panel tells its numbers apart; the choice is kept in the address. */
import { type FilterName, go, useAddress } from './address.js'

export type Choice<Name extends string = FilterName> = { readonly name: Name; readonly title: string }

/** The first one, unless the address names another. */
export function useChoice<Name extends string>(choices: readonly Choice<Name>[]): Name {
  const { view } = useAddress()
  return (choices.find(({ name }) => name === view) ?? choices[0]!).name
}

export function Choices<Name extends string>({ label, choices }: { label: string; choices: readonly Choice<Name>[] }) {
  const chosen = useChoice(choices)
  return (
    <fieldset class="segments small">
      <legend class="unseen">{label}</legend>
      {choices.map(({ name, title }) => (
        <button key={name} type="button" aria-pressed={name === chosen} onClick={() => go({ view: name }, false)}>
          {title}
        </button>
      ))}
    </fieldset>
  )
}
