/** All that is known of one operation, in a dialog, with the way to its trace. */
import type { ComponentChildren } from 'preact'
import type { Operation } from 'tokmeter/core'
import { type FilterName, go } from './address.js'
import { useSubject } from './asking.js'
import { createDialog } from './dialog.js'
import { count, duration, money, UNKNOWN } from './format.js'
import { Icon } from './icons.js'
import { costOf, modelOf } from './operation-list.js'
import { traceLink } from './trace-link.js'

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })

const { show, Dialog } = createDialog<Operation>('operation')
export const showOperation = show

/** Stands once on a page that has operations. */
export function OperationDetails() {
  return (
    <Dialog title={(operation) => modelOf(operation) || operation.operation}>
      {(operation, close) => <Details operation={operation} onLeave={close} />}
    </Dialog>
  )
}

function Details({ operation, onLeave }: { operation: Operation; onLeave: () => void }) {
  const { settings, filters } = useSubject()
  const { usage = {}, error, cost, tags = {} } = operation
  const link = traceLink(settings.trace_url, operation)
  const only = (name: FilterName, value: string | undefined) =>
    value && (
      <button
        type="button"
        class="name inline"
        title="Only operations of this"
        onClick={() => {
          onLeave()
          go({ page: 'operations', filters: { ...filters, [name]: [value] } })
        }}
      >
        {value}
      </button>
    )
  return (
    <>
      {link && (
        <p>
          <a class="button" href={link} target="_blank" rel="noreferrer">
            <Icon name="link" /> Look at the trace
          </a>
        </p>
      )}
      {error && (
        <div class="state error">
          <p>
            <strong>{error.type}</strong> {error.code !== undefined && error.code !== error.type && `(${error.code})`}
          </p>
          {error.message && <p>{error.message}</p>}
        </div>
      )}
      <dl class="facts">
        <Fact title="Time">{operation.startTime === undefined ? undefined : MOMENT.format(operation.startTime)}</Fact>
        <Fact title="Operation">{operation.operation}</Fact>
        <Fact title="Provider">{only('provider', operation.provider)}</Fact>
        <Fact title="Model asked for">{only('model', operation.requestModel)}</Fact>
        <Fact title="Model that answered">{operation.responseModel}</Fact>
        <Fact title="Duration">{duration(operation.durationMs)}</Fact>
        <Fact title="Time to first chunk">{duration(operation.timeToFirstChunkMs)}</Fact>
        <Fact title="Chunks">{count(operation.outputChunks)}</Fact>
        <Fact title="Input tokens">{count(usage.inputTokens)}</Fact>
        <Fact title="of them from cache">{count(usage.cacheReadTokens)}</Fact>
        <Fact title="of them to cache">{count(usage.cacheWriteTokens)}</Fact>
        <Fact title="Output tokens">{count(usage.outputTokens)}</Fact>
        <Fact title="of them reasoning">{count(usage.reasoningTokens)}</Fact>
        <Fact title="Cost">{money(costOf(operation))}</Fact>
        <Fact title="Price from">{cost && [cost.source, cost.version].filter(Boolean).join(' ')}</Fact>
        <Fact title="Finish reason">{operation.finishReason}</Fact>
        <Fact title="Retries">{count(operation.retries)}</Fact>
        <Fact title="Service">{only('service', operation.service)}</Fact>
        <Fact title="Environment">{only('environment', operation.environment)}</Fact>
        <Fact title="Region">{operation.region}</Fact>
        <Fact title="Agent">{only('agent', operation.agentName)}</Fact>
        <Fact title="Workflow">{operation.workflowName}</Fact>
        <Fact title="Tool">{operation.toolName}</Fact>
        <Fact title="Server">
          {operation.serverAddress &&
            `${operation.serverAddress}${operation.serverPort ? `:${operation.serverPort}` : ''}`}
        </Fact>
        <Fact title="User">{only('user_id', operation.userId)}</Fact>
        <Fact title="Conversation">{only('conversation_id', operation.conversationId)}</Fact>
        <Fact title="Trace">{operation.traceId}</Fact>
        <Fact title="Id">{operation.id}</Fact>
        {Object.entries(tags).map(([key, value]) => (
          <Fact key={key} title={`tag ${key}`}>
            {String(value)}
          </Fact>
        ))}
      </dl>
    </>
  )
}

function Fact({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children || UNKNOWN}</dd>
    </div>
  )
}
