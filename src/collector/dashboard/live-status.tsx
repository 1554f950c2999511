/** Whether the page is live, and what goes on in this minute. */
import { money, short, UNKNOWN } from './format.js'
import { useLive } from './live-context.js'

export function LiveStatus() {
  const { isConnected, snapshot } = useLive()
  const minute = snapshot?.windows['1m']
  return (
    <div class="live" title="Of everything, whatever the filters: what was accepted in the last minute">
      <span class={isConnected ? 'live-state good' : 'live-state'} role="status">
        <span class="dot" />
        {isConnected ? 'live' : 'reconnecting'}
      </span>
      {isConnected && minute && (
        <dl>
          <dt>Calls a minute</dt>
          <dd>{short(minute.request_count)}</dd>
          <dt>Spend a minute</dt>
          <dd>{minute.request_count === 0 ? UNKNOWN : money(minute.total_cost)}</dd>
          <dt>Failed</dt>
          <dd class={minute.error_count > 0 ? 'bad' : ''}>{short(minute.error_count)}</dd>
        </dl>
      )}
    </div>
  )
}
