// Streams a model's answer as server-sent events, in the form of OpenAI. Set AI_INFERENCE_API_HOST to a server that speaks it.
Deno.serve(async (request) => {
  const { prompt, model = 'llama3.2' } = await request.json();
  const session = new Supabase.ai.Session(model);
  const parts = await session.run(
    { messages: [{ role: 'user', content: prompt }] },
    { mode: 'openaicompatible', stream: true, signal: request.signal },
  );
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(controller) {
      for await (const part of parts) controller.enqueue(encoder.encode(`data: ${JSON.stringify(part)}\n\n`));
      controller.enqueue(encoder.encode('data: [DONE]\n\n'));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } });
});
