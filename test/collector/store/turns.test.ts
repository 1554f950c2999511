import { expect, test } from 'vitest'
import { BusyError, createTurns, type Pace } from '../../../src/collector/store/turns.js'

test('what is lent comes back to the next one in line, and too long a line is refused', async () => {
  const turns = createTurns(['a', 'b'], { mostWaiting: 1, closedMessage: 'closed' })
  const order: string[] = []
  let finish = () => {}
  const first = turns.take(
    (thing) =>
      new Promise<void>((resolve) => {
        order.push(thing)
        finish = resolve
      }),
  )
  const failing = turns.take(async (thing) => {
    order.push(thing)
    throw new Error('failed')
  })
  const waiting = turns.take(async (thing) => order.push(thing))
  await expect(turns.take(async () => {})).rejects.toThrow(BusyError)
  await expect(failing).rejects.toThrow('failed')
  await waiting
  const closing = turns.close()
  await expect(turns.take(async () => {})).rejects.toThrow('closed')
  finish()
  await Promise.all([first, closing, turns.close()])
  expect(order).toEqual(['b', 'a', 'a'])
})

/** Lets nobody begin until it is told to. */
function held() {
  let isHeld = true
  const pace: Pace = { restMs: () => (isHeld ? 1 : 0), began: () => {}, ended: () => {} }
  return {
    pace,
    letGo: () => {
      isHeld = false
    },
  }
}

test('who can wait comes behind who cannot, keeps to the pace and holds nobody else up', async () => {
  const { pace, letGo } = held()
  const turns = createTurns(['only'], { mostWaiting: 10, closedMessage: 'closed', pace })
  const order: string[] = []
  const take = (name: string, canWait: boolean) => turns.take(async () => order.push(name), { canWait })
  const patient = [take('patient 1', true), take('patient 2', true)]
  await Promise.all([take('urgent 1', false), take('urgent 2', false)])
  await take('urgent 3', false)
  expect(order).toEqual(['urgent 1', 'urgent 2', 'urgent 3'])
  letGo()
  await Promise.all(patient)
  expect(order.slice(3)).toEqual(['patient 1', 'patient 2'])
})

test('the pace is told of all that can wait and of nothing else, of failures too', async () => {
  const told: string[] = []
  const pace: Pace = { restMs: () => 0, began: () => told.push('began'), ended: () => told.push('ended') }
  const turns = createTurns(['only'], { mostWaiting: 10, closedMessage: 'closed', pace })
  await turns.take(async () => {})
  expect(told).toEqual([])
  const failing = turns.take(() => Promise.reject(new Error('failed')), { canWait: true })
  await expect(failing).rejects.toThrow('failed')
  await turns.take(async () => {}, { canWait: true })
  expect(told).toEqual(['began', 'ended', 'began', 'ended'])
})

test('who can wait and has gone takes no turn, and too many of them keep out no other', async () => {
  const { pace, letGo } = held()
  const turns = createTurns(['only'], { mostWaiting: 2, closedMessage: 'closed', pace })
  const gone = new AbortController()
  const ran: string[] = []
  const take = (name: string, signal?: AbortSignal) => turns.take(async () => ran.push(name), { canWait: true, signal })
  const leaving = take('gone', gone.signal)
  const staying = take('stays')
  await expect(take('too many')).rejects.toThrow('2 queries are waiting already; got one more')
  await turns.take(async () => ran.push('urgent'))
  gone.abort(new Error('has gone'))
  await expect(leaving).rejects.toThrow('has gone')
  const later = take('comes later')
  letGo()
  await Promise.all([staying, later])
  expect(ran).toEqual(['urgent', 'stays', 'comes later'])
})

test('what waited for the pace is done before all is closed', async () => {
  const { pace } = held()
  const turns = createTurns(['a', 'b'], { mostWaiting: 10, closedMessage: 'closed', pace })
  let done = 0
  const waiting = Array.from({ length: 5 }, () => turns.take(async () => void done++, { canWait: true }))
  await turns.close()
  expect(done).toBe(5)
  await Promise.all(waiting)
})
