/** Names as strangers may send them: each breaks something in a page that does not mind them. */
export const HOSTILE = [
  'plain',
  'quote"d',
  'back\\slash',
  'new\nline',
  'carriage\rreturn',
  'U+2028\u2028here',
  'lone\ud800surrogate',
  'emoji 😀',
  '}{,="',
  '# HELP x y',
  '__proto__',
  'x'.repeat(10_000),
]
