import type { Load, Row } from '../lib/bulk-insert.ts';
import { createRandom, createZipf } from './random.ts';
import { createLanguage } from './words.ts';

/** How many rows of each table there are. */
export interface ShopSize {
  readonly customers: number;
  readonly products: number;
  readonly orders: number;
  readonly items: number;
  readonly reviews: number;
}

/** Divides a number of rows among the tables. @param rows at least 1000 */
export function shopSize(rows: number): ShopSize {
  const customers = Math.round(rows * 0.1);
  const products = Math.round(rows * 0.02);
  const orders = Math.round(rows * 0.28);
  const reviews = Math.round(rows * 0.08);
  return { customers, products, orders, reviews, items: rows - customers - products - orders - reviews };
}

const countries = ['US', 'DE', 'GB', 'FR', 'BR', 'IN', 'JP', 'NL', 'SE', 'PL', 'ES', 'IT', 'CA', 'AU', 'MX', 'ZA'];
const interests = ['music', 'travel', 'books', 'garden', 'games', 'sport', 'food', 'film', 'craft', 'science'];
const colours = ['red', 'blue', 'green', 'black', 'white', 'grey'];
const statuses = ['delivered', 'shipped', 'paid', 'placed', 'returned', 'cancelled'] as const;
const firstDay = Date.UTC(2023, 0, 1);
const threeYears = 3 * 365 * 24 * 60 * 60 * 1_000;

/**
 * All rows of the shop, made as they are drawn, in an order that satisfies the references. The same size and seed give
 * the same rows. Popularity of customers and products follows Zipf's law; times lean towards the recent.
 */
export function generateShop(size: ShopSize, seed = 'shop'): Load[] {
  return [
    { table: 'shop_customers', total: size.customers, rows: customers(size, seed) },
    { table: 'shop_products', total: size.products, rows: products(size, seed) },
    { table: 'shop_orders', total: size.orders, rows: orders(size, seed) },
    { table: 'shop_order_items', total: size.items, rows: items(size, seed) },
    { table: 'shop_reviews', total: size.reviews, rows: reviews(size, seed) },
  ];
}

/** A time that is more likely late than early. @param share of the whole range, from 0 to 1 */
const timeAt = (share: number): string => new Date(firstDay + Math.sqrt(share) * threeYears).toISOString();

function* customers(size: ShopSize, seed: string): Generator<Row> {
  const random = createRandom(`${seed} customers`);
  const country = createZipf(countries.length, 1.1, random);
  const language = createLanguage(2_000, random);
  for (let id = 1; id <= size.customers; id++) {
    const name = `${capital(language.word())} ${capital(language.word())}`;
    yield {
      id,
      name,
      email: `${name.toLowerCase().replace(' ', '.')}.${id}@shop.example`,
      country: countries[country() - 1],
      interests: interests.filter(() => random.chance(0.2)),
      preferences: {
        newsletter: random.chance(0.3),
        theme: random.pick(['light', 'dark', 'system']),
        ...(random.chance(0.5) && { sizes: { shoe: random.between(36, 47), shirt: random.pick(['S', 'M', 'L']) } }),
      },
      joined_at: timeAt(random.next()),
    };
  }
}

/** What a product costs; orders remember it, so both tables ask here. */
const priceOf = (seed: string, id: number): string =>
  (1 + createRandom(`${seed} price ${id}`).exponential(40)).toFixed(2);

function* products(size: ShopSize, seed: string): Generator<Row> {
  const random = createRandom(`${seed} products`);
  const language = createLanguage(5_000, random);
  const tags = Array.from({ length: 60 }, () => language.word());
  const tag = createZipf(tags.length, 1, random);
  for (let id = 1; id <= size.products; id++) {
    yield {
      id,
      sku: `SKU-${String(id).padStart(7, '0')}`,
      title: language.sentence(random.between(2, 5)).slice(0, -1),
      description: Array.from({ length: random.between(1, 4) }, () => language.sentence(random.between(5, 14))).join(
        ' ',
      ),
      price: priceOf(seed, id),
      tags: [...new Set(Array.from({ length: random.between(0, 5) }, () => tags[tag() - 1]))],
      attributes: {
        colour: random.pick(colours),
        weight: Math.round(random.exponential(800)),
        dimensions: [random.between(1, 90), random.between(1, 90), random.between(1, 90)],
      },
      discontinued: random.chance(0.05),
    };
  }
}

function* orders(size: ShopSize, seed: string): Generator<Row> {
  const random = createRandom(`${seed} orders`);
  const customer = createZipf(size.customers, 0.7, random);
  const status = createZipf(statuses.length, 1.3, random);
  const language = createLanguage(500, random);
  for (let id = 1; id <= size.orders; id++) {
    const placed = timeAt((id - 1 + random.next()) / size.orders);
    const state = statuses[status() - 1] as (typeof statuses)[number];
    const left = ['delivered', 'shipped', 'returned'].includes(state);
    yield {
      id,
      customer_id: customer(),
      status: state,
      placed_at: placed,
      shipped_at: left ? new Date(Date.parse(placed) + random.exponential(2 * 86_400_000)).toISOString() : null,
      shipping: { method: random.pick(['post', 'courier', 'pickup']), zip: String(random.between(10_000, 99_999)) },
      note: random.chance(0.1) ? language.sentence(random.between(3, 9)) : null,
    };
  }
}

/** Lines of orders: most have one or two, a few more than ten, and all together exactly as many as were asked for. */
function* items(size: ShopSize, seed: string): Generator<Row> {
  const random = createRandom(`${seed} items`);
  const product = createZipf(size.products, 0.9, random);
  const prices = Array.from({ length: size.products }, (_, at) => priceOf(seed, at + 1));
  let left = size.items;
  for (let order = 1; order <= size.orders && left > 0; order++) {
    const fair = left / (size.orders - order + 1);
    const wanted = order === size.orders ? left : Math.round(random.exponential(fair));
    const lines = Math.min(left, Math.max(1, wanted));
    for (let line = 1; line <= lines; line++) {
      const product_id = product();
      yield {
        order_id: order,
        line,
        product_id,
        quantity: 1 + Math.floor(random.exponential(0.6)),
        unit_price: prices[product_id - 1],
      };
    }
    left -= lines;
  }
}

function* reviews(size: ShopSize, seed: string): Generator<Row> {
  const random = createRandom(`${seed} reviews`);
  const product = createZipf(size.products, 0.9, random);
  const customer = createZipf(size.customers, 0.7, random);
  const language = createLanguage(3_000, random);
  for (let id = 1; id <= size.reviews; id++) {
    yield {
      id,
      product_id: product(),
      customer_id: customer(),
      stars: Math.min(5, Math.max(1, Math.round(5 - random.exponential(1.1)))),
      body: random.chance(0.8) ? language.sentence(random.between(4, 40)) : null,
      helpful: Array.from({ length: random.between(0, 3) }, () => customer()),
      written_at: timeAt(random.next()),
    };
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
