/** The versions of each client that the compatibility suite passes with (`npm run test:matrix`); others are patched too, and reported. */
export type SupportedRange = {
  /** Oldest version tested. */
  readonly from: string
  /** First version not to be trusted any more: the next major. */
  readonly below: string
}

export const SUPPORTED: { readonly [client: string]: SupportedRange } = {
  openai: { from: '4.19.0', below: '8.0.0' },
  '@anthropic-ai/sdk': { from: '0.20.0', below: '2.0.0' },
  ai: { from: '7.0.0', below: '8.0.0' },
}

export function isSupported(client: string, version: string | undefined): boolean {
  const range = SUPPORTED[client]
  if (range === undefined || version === undefined) return false
  return compareVersions(version, range.from) >= 0 && compareVersions(version, range.below) < 0
}

function compareVersions(left: string, right: string): number {
  const leftParts = partsOf(left)
  const rightParts = partsOf(right)
  for (let index = 0; index < 3; index++) {
    const difference = (leftParts[index] ?? 0) - (rightParts[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

// A pre-release counts as the release it leads to.
function partsOf(version: string): number[] {
  return (version.split(/[-+]/, 1)[0] ?? '').split('.').map(Number)
}
