/** A function to begin with. */
export interface FunctionTemplate {
  readonly title: string;
  readonly code: string;
}

/** Functions that many begin with. */
export const functionTemplates: readonly FunctionTemplate[] = [
  {
    title: 'Hello',
    code: `Deno.serve(async (request) => {
  const { name = 'world' } = await request.json().catch(() => ({}));
  return Response.json({ message: \`Hello, \${name}!\` });
});
`,
  },
  {
    title: 'Rows that the caller may see',
    code: `import { createClient } from 'npm:@supabase/supabase-js@2';

Deno.serve(async (request) => {
  // With the caller's own token, policies decide what is read.
  const supabase = createClient(Deno.env.get('SUPABASE_URL')!, Deno.env.get('SUPABASE_ANON_KEY')!, {
    global: { headers: { Authorization: request.headers.get('Authorization') ?? '' } },
  });
  const { data, error } = await supabase.from('todos').select();
  return error ? Response.json(error, { status: 400 }) : Response.json(data);
});
`,
  },
  {
    title: 'For browsers elsewhere (CORS)',
    code: `const headers = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, apikey, content-type, x-client-info',
};

Deno.serve((request) => {
  if (request.method === 'OPTIONS') return new Response('ok', { headers });
  return Response.json({ from: request.headers.get('origin') }, { headers });
});
`,
  },
  {
    title: 'Webhook with a signature',
    code: `const encoder = new TextEncoder();

Deno.serve(async (request) => {
  const body = await request.text();
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(Deno.env.get('WEBHOOK_SECRET') ?? ''),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const signature = Uint8Array.from((request.headers.get('x-signature') ?? '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
  if (!(await crypto.subtle.verify('HMAC', key, signature, encoder.encode(body))))
    return new Response('wrong signature', { status: 401 });
  console.log('received', body.length, 'characters');
  return new Response('ok');
});
`,
  },
  {
    title: 'Events as they come (stream)',
    code: `Deno.serve(() => {
  let timer: number | undefined;
  const body = new ReadableStream({
    start(controller) {
      let count = 0;
      timer = setInterval(() => {
        controller.enqueue(new TextEncoder().encode(\`data: \${++count}\\n\\n\`));
        if (count < 5) return;
        clearInterval(timer);
        controller.close();
      }, 500);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
});
`,
  },
];
