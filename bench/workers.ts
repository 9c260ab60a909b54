// Measured against itself: WORKERS=2 beside WORKERS=1, point reads, GET /auth/v1/settings and a small download from storage, both stacks on the same cores
// as database and load, rounds in turn. Two cores leave little to gain; the figure says what the hand-over costs as well.
import { load, median } from './support/load.ts';
import { type Product, startProduct } from './support/product.ts';
import { keyMark, scenarios, seed, token } from './support/rest-scenarios.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const duration = Number(process.env.SECONDS ?? 2) * 1_000;
const connections = Number(process.env.CONNECTIONS ?? 64);
const point = scenarios.point as NonNullable<typeof scenarios.point>;

const products = new Map<number, Product>();
try {
  for (const workers of [1, 2]) {
    const product = await startProduct({ settings: { WORKERS: String(workers) } });
    products.set(workers, product);
    await seed(product);
    await upload(product);
  }
  await compare('point read by key, JWT and RLS', (product) => {
    const headers = `Host: localhost\r\napikey: ${product.env.ANON_KEY}\r\nAuthorization: Bearer ${token(product.env.JWT_SECRET ?? '')}\r\n\r\n`;
    return () => {
      const key = 1 + Math.floor(Math.random() * point.keys);
      return `GET /rest/v1${point.target.replace(keyMark, String(key))} HTTP/1.1\r\n${headers}`;
    };
  });
  await compare('GET /auth/v1/settings', (product) => {
    const request = `GET /auth/v1/settings HTTP/1.1\r\nHost: localhost\r\napikey: ${product.env.ANON_KEY}\r\n\r\n`;
    return () => request;
  });
  await compare('download of 1 KB from storage', () => {
    const request = 'GET /storage/v1/object/public/bench/small HTTP/1.1\r\nHost: localhost\r\n\r\n';
    return () => request;
  });
} finally {
  for (const product of products.values()) {
    await product.stop();
    product.remove();
  }
}

async function upload({ url, env }: Product): Promise<void> {
  const key = env.SERVICE_ROLE_KEY ?? '';
  const send = async (path: string, type: string, body: string) => {
    const headers = { apikey: key, authorization: `Bearer ${key}`, 'content-type': type };
    const answer = await fetch(`${url}/storage/v1${path}`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  };
  await send('/bucket', 'application/json', JSON.stringify({ id: 'bench', name: 'bench', public: true }));
  await send('/object/bench/small', 'application/octet-stream', 'x'.repeat(1_024));
}

async function compare(name: string, requests: (product: Product) => () => string): Promise<void> {
  const rates = new Map<number, number[]>();
  for (let round = -1; round < rounds; round++)
    for (const [workers, product] of products) {
      const { hostname, port } = new URL(product.url);
      const { perSecond } = await load({
        host: hostname,
        port: Number(port),
        connections,
        duration,
        next: requests(product),
      });
      // The first round warms connections, plans and compiled code.
      if (round >= 0) rates.set(workers, [...(rates.get(workers) ?? []), perSecond]);
    }
  const [one = Number.NaN, two = Number.NaN] = [1, 2].map((workers) => median(rates.get(workers) ?? []));
  console.log(`\n${name}; ${connections} connections, median of ${rounds} rounds of ${duration / 1_000} s`);
  console.log(`  WORKERS=1 ${one.toFixed(0).padStart(7)}/s`);
  console.log(`  WORKERS=2 ${two.toFixed(0).padStart(7)}/s   ${(two / one).toFixed(2)} ×`);
}
