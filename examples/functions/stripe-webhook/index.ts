// Takes a webhook that is signed as Stripe signs them: HMAC-SHA256 of time and body, in the header `stripe-signature`.
// Set its secret with: pmoves-supabase functions secrets set STRIPE_WEBHOOK_SECRET=whsec_…
const tolerance = 300;

async function isSigned(body: string, header: string, secret: string): Promise<boolean> {
  const parts = header.split(',').map((part) => part.trim().split('='));
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) <= tolerance)) return false;
  const usage = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), usage, false, ['verify']);
  for (const [name, signature = ''] of parts) {
    if (name !== 'v1' || !/^([0-9a-f]{2})+$/.test(signature)) continue;
    const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    // `verify` compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, bytes, new TextEncoder().encode(`${time}.${body}`))) return true;
  }
  return false;
}

Deno.serve(async (request) => {
  const secret = Deno.env.get('STRIPE_WEBHOOK_SECRET');
  if (!secret) return new Response('STRIPE_WEBHOOK_SECRET is not set', { status: 500 });
  const body = await request.text();
  if (!(await isSigned(body, request.headers.get('stripe-signature') ?? '', secret)))
    return new Response('The signature is not right', { status: 400 });
  const event = JSON.parse(body);
  console.log('received', event.type, event.id);
  return Response.json({ received: true });
});
