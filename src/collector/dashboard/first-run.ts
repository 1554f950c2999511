/** What leads whom to a collector: the exact lines, for the address this page came from. */

export type Way = { readonly title: string; readonly hint: string; readonly lines: string }

/** `origin`: of the collector, without a slash at its end. `withToken`: it asks for one. */
export function waysTo(origin: string, withToken: boolean): readonly Way[] {
  const header = 'authorization=Bearer%20$TOKMETER_TOKEN'
  const token = (line: string) => (withToken ? `\n${line}` : '')
  const exported = token(`export OTEL_EXPORTER_OTLP_HEADERS="${header}"`)
  return [
    {
      title: 'A Node application',
      hint: 'Nothing in the code changes; the clients openai, @anthropic-ai/sdk and ai are measured.',
      lines: `npm install tokmeter\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${origin}${exported}\nnode --import tokmeter/register app.js`,
    },
    {
      title: 'Any OpenTelemetry SDK',
      hint: 'In any language: GenAI spans and events are read, whichever convention they follow.',
      lines: `export OTEL_EXPORTER_OTLP_ENDPOINT=${origin}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf${exported}`,
    },
    {
      title: 'Claude Code',
      hint: 'Its usage and cost, prompt by prompt. No content is sent.',
      lines: `export CLAUDE_CODE_ENABLE_TELEMETRY=1\nexport OTEL_LOGS_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${origin}${exported}\nclaude`,
    },
    {
      title: 'Codex',
      hint: 'In ~/.codex/config.toml.',
      lines: `[otel]\nlog_user_prompt = false\nexporter = { otlp-http = { endpoint = "${origin}/v1/logs", protocol = "binary"${withToken ? ', headers = { "authorization" = "Bearer <token>" }' : ''} } }`,
    },
    {
      title: 'Gemini CLI',
      hint: 'Environment variables, or the same in its settings.json.',
      lines: `export GEMINI_TELEMETRY_ENABLED=true GEMINI_TELEMETRY_TARGET=local\nexport GEMINI_TELEMETRY_OTLP_PROTOCOL=http GEMINI_TELEMETRY_OTLP_ENDPOINT=${origin}\nexport GEMINI_TELEMETRY_LOG_PROMPTS=false${exported}\ngemini`,
    },
    {
      title: 'An OpenTelemetry Collector',
      hint: 'Beside the exporters it has.',
      lines: `exporters:\n  otlphttp/tokmeter:\n    endpoint: ${origin}${withToken ? `\n    headers: { authorization: "Bearer $\{env:TOKMETER_TOKEN}" }` : ''}\nservice:\n  pipelines:\n    traces: { exporters: [otlphttp/tokmeter] }\n    logs: { exporters: [otlphttp/tokmeter] }`,
    },
    {
      title: 'One event, by hand',
      hint: 'To see that it works.',
      lines: `curl -s ${origin}/api/v1/analytics/events -H 'content-type: application/json'${withToken ? ' -H "authorization: Bearer $TOKMETER_TOKEN"' : ''} \\\n  -d '{"event_id": "first", "event_type": "llm_request_completed", "timestamp_ms": '$(date +%s000)', "provider": "openai",\n       "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 200, "duration_ms": 1800}'`,
    },
  ]
}
