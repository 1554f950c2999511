/**
 * Counts what a program does with language models without a change to it, and starts the SDK as the environment says:
 *
 *     node --import tokmeter/register app.js
 *     node --require tokmeter/register app.cjs
 */
import { startFromEnvironment } from '../src/index.js'
import { registerAiSdk, reportAiSdk } from './ai.js'
import { instrumentAnthropic } from './anthropic.js'
import { findImported } from './imported-before.js'
import { findRequired, installModuleHooks } from './module-hooks.js'
import { instrumentOpenAI } from './openai.js'

function clientLoaded(name: string, ClientClass: object | undefined, place: string): void {
  try {
    if (name === 'ai') reportAiSdk(place)
    else if (ClientClass === undefined) return
    else if (name === 'openai') instrumentOpenAI(ClientClass)
    else instrumentAnthropic(ClientClass)
  } catch {
    // Whatever is wrong with it, the program that loads it must not hear of it from here.
  }
}

installModuleHooks(clientLoaded)
findRequired(clientLoaded)
findImported(clientLoaded)
registerAiSdk()
startFromEnvironment()
