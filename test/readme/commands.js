/** What a page tells its reader to run: the fenced blocks of a Markdown file, and the commands in them and in its sentences. */

/** Where it stands: `README.md:21`. @typedef {{ language: string, text: string, place: string }} Block */
/** One command as it stands on the page, without its comment. @typedef {{ command: string, place: string }} Command */

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm
const INLINE = /`([^`\n]+)`/g
/** How a command begins, variables of the environment before it. */
const COMMAND = /^(?:[A-Z][A-Z0-9_]*=\S+ )*(?:npm|npx|node|tokmeter|curl) \S/
/** Code in a sentence that a program could have as a line of its own. */
const STATEMENT = /^start\(.*\)$/

/** @param {string} page @param {number} index */
const lineAt = (page, index) => page.slice(0, index).split('\n').length

/** @param {string} page @param {string} name @returns {Block[]} In their order. */
export function blocksOf(page, name) {
  return [...page.matchAll(FENCE)].map(({ 1: language, 2: text, index }) => ({
    language,
    text,
    place: `${name}:${lineAt(page, index)}`,
  }))
}

/** All commands of a page: those of its shell blocks, and those in its sentences. In their order. @param {string} page @param {string} name @returns {Command[]} */
export function commandsOf(page, name) {
  const found = [...page.matchAll(FENCE)].flatMap(({ 0: all, 1: language, 2: text, index }) =>
    language === 'sh' ? shellCommands(text).map((command) => ({ command, index: index + all.indexOf(text) })) : [],
  )
  for (const { 1: text, index } of withoutBlocks(page).matchAll(INLINE))
    if (COMMAND.test(text)) found.push(...alternatives(text).map((command) => ({ command, index })))
  return found
    .sort((one, other) => one.index - other.index)
    .map(({ command, index }) => ({ command, place: `${name}:${lineAt(page, index)}` }))
}

/** Statements in the sentences of a page. @param {string} page @param {string} name @returns {Block[]} */
export function statementsOf(page, name) {
  return [...withoutBlocks(page).matchAll(INLINE)]
    .filter(({ 1: text }) => STATEMENT.test(text))
    .map(({ 1: text, index }) => ({ language: 'js', text, place: `${name}:${lineAt(page, index)}` }))
}

/** As long as before, so that places stay. @param {string} page */
const withoutBlocks = (page) => page.replace(FENCE, (block) => block.replace(/[^\n]/g, ' '))

/** Commands of a shell block, without their comments: of several lines where a quote is open at the end of one, and apart where `&&` joins them. @param {string} text */
function shellCommands(text) {
  /** @type {string[]} */
  const commands = []
  let [command, quote, isComment] = ['', '', false]
  for (const character of text) {
    if (character === '\n' && quote === '') {
      commands.push(...alternatives(command))
      ;[command, isComment] = ['', false]
      continue
    }
    if (quote === '' && character === '#' && /(^|\s)$/.test(command)) isComment = true
    if (isComment) continue
    if (quote === '' ? /['"]/.test(character) : character === quote) quote = quote === '' ? character : ''
    command += character
  }
  if (quote !== '') throw new Error(`a quote is never closed: ${command}`)
  return commands
}

/** @param {string} command */
const alternatives = (command) =>
  command
    .split(' && ')
    .map((part) => part.trim())
    .filter((part) => part !== '')
