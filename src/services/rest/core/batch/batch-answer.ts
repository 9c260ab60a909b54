import { isUtf8 } from 'node:buffer';
import type { Answer } from '../respond/answer.ts';
import { jsonType } from '../respond/answer.ts';
import type { BatchStep, StepError } from './batch-step.ts';

/** The answer to a whole batch: an array with what each step gave. */
export function batchAnswer(steps: readonly BatchStep[], answers: readonly Answer[]): Answer {
  const items = answers.map((answer, index) => {
    const { id } = steps[index] as BatchStep;
    const named = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
    return `{${named}"status":${answer.status},"headers":${JSON.stringify(answer.headers)},"body":${bodyJson(answer)}}`;
  });
  return {
    status: 200,
    statusText: undefined,
    headers: { 'Content-Type': jsonType },
    body: `[${items.join(',\n ')}]`,
  };
}

/** The body of an answer where it is JSON, as the database wrote it. */
export function jsonBodyOf(answer: Answer): string | undefined {
  const { body } = answer;
  return body !== undefined && body.length > 0 && /\bjson\b/.test(typeOf(answer)) ? body.toString() : undefined;
}

// JSON as it is, other text as a string, bytes as base64.
function bodyJson(answer: Answer): string {
  const { body } = answer;
  if (body === undefined || body.length === 0) return 'null';
  const isText = typeof body === 'string' || (/^text\/|\bxml\b/.test(typeOf(answer)) && isUtf8(body));
  return jsonBodyOf(answer) ?? JSON.stringify(body.toString(isText ? 'utf8' : 'base64'));
}

function typeOf({ headers }: Answer): string {
  const type = headers['Content-Type'];
  return typeof type === 'string' ? type : '';
}

/** Adds to the answer that tells of an error which step it was. */
export function withStep(answer: Answer, { step: { index, id } }: StepError): Answer {
  const step = JSON.stringify({ index, id: id ?? null });
  return { ...answer, body: `${String(answer.body).slice(0, -1)},"step":${step}}` };
}
