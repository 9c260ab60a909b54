import { abortSignalOf } from '#kernel/http';
import { type AssistantModel, type AssistantTask, askAssistant, assistantTasks } from '../core/assistant.ts';
import type { StudioContext } from '../core/context.ts';
import { studioError } from '../errors.ts';
import type { Route } from './route.ts';

function modelOf({ settings }: StudioContext): AssistantModel | undefined {
  const { openaiKey, openaiUrl, assistantModel, assistantTimeout } = settings;
  if (openaiKey === undefined) return undefined;
  return { url: openaiUrl, key: openaiKey, model: assistantModel, timeout: assistantTimeout };
}

/** Whether there is an assistant, and which model answers: `{model}`, null without one. */
export const assistantGet: Route = {
  method: 'GET',
  path: '/assistant',
  role: 'read-only',
  handle: ({ context }) => ({ model: modelOf(context)?.model ?? null }),
};

/** Asks it: `{task, prompt?, sql?, error?, schema?}` → `{text, sql}`. What it answers is shown, and run by nobody. */
export const assistantPost: Route = {
  method: 'POST',
  path: '/assistant',
  role: 'developer',
  async handle({ context, caller, body, reply, note }) {
    const model = modelOf(context);
    if (!model) throw studioError('no_assistant');
    const { assistantRate, assistantContext } = context.settings;
    const wait = context.attempts.count(`assistant ${caller.name}`, assistantRate, context.clock.now());
    if (wait > 0) throw studioError('too_many_attempts', { headers: { 'retry-after': String(wait) } });
    const task = assistantTasks.find((each): each is AssistantTask => each === body.task);
    const text = (name: string): string => {
      const value = body[name] ?? '';
      if (typeof value !== 'string') throw studioError('invalid_request');
      return value;
    };
    const question = { prompt: text('prompt'), sql: text('sql'), error: text('error') };
    const size = question.prompt.length + question.sql.length + question.error.length;
    if (!task || size > assistantContext)
      throw studioError('invalid_request', { message: `The assistant takes ${assistantContext} characters at most` });
    await note('assistant', task);
    const schema = text('schema').slice(0, assistantContext - size);
    const gone = new AbortController();
    abortSignalOf(reply.raw).addEventListener('abort', () => gone.abort());
    return askAssistant(model, context.ports.egress, { task, ...question, schema }, gone.signal);
  },
};
