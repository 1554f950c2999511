/** The emulated provider in a process of its own, so that its work is in no variant's time. */
import { startEmulator } from '../demo/emulator.js'

const { url } = await startEmulator({ logCapacity: 1 })
process.on('disconnect', () => process.exit())
process.send?.({ url })
