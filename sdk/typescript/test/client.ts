// Against a running Aisle: AISLE_URL and AISLE_API_KEY name it. Bundled and run by the project's tests.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Aisle, Problem, type Event } from '../src/index.ts';

const shop = new Aisle(process.env.AISLE_URL!, { key: process.env.AISLE_API_KEY! });

const saved = await shop.putItems([1, 2, 3, 4, 5].map((n) => ({ item_id: `jug/${n}`, title: `Jug ${n}`, price: 1.5 * n, currency: 'EUR' })));
assert.deepEqual(saved.results?.map((r) => r.status), Array(5).fill('accepted'));

const events: Event[] = [{ type: 'view_item', user_id: 'tess', item_id: 'jug/1' }];
assert.equal((await shop.postEvents(events)).accepted, 1);
const answer = await shop.recommend({ scenario: 'home.for_you', user_id: 'tess', limit: 3 });
assert.ok(answer.recommendation_id && !answer.items.some((i) => i.item_id === 'jug/1'));
assert.equal((await shop.getItem('jug/3')).price, 4.5);

const found: string[] = [];
for await (const page of shop.listItemsPages({ limit: 2 })) found.push(...page.items.map((i) => i.item_id!));
assert.equal(found.filter((id) => id.startsWith('jug/')).length, 5);

await assert.rejects(shop.recommend({ scenario: 'home.for_yu' }), (e) => e instanceof Problem && e.status === 404 && e.errors[0]?.pointer === '/scenario');

const rule = await shop.putRule('typescript', { action: 'hide', where: { field: 'item_id', value: 'nothing' } });
await assert.rejects(shop.deleteRule('typescript', { ifMatch: rule.version! + 7 }), (e) => e instanceof Problem && e.status === 412);
await shop.deleteRule('typescript', { ifMatch: rule.version });

const job = await shop.startImport('item_id;title\npot;A pot\n', { kind: 'items', dry_run: true });
assert.ok(job.import_id);

await assert.rejects(new Aisle('http://127.0.0.1:1', { tries: 2 }).liveModels(), TypeError);
await assert.rejects(shop.listItems({}, { signal: AbortSignal.abort(new Error('left')) }), /left/);

// Against a server that is busy, in the way, or says nothing.
type Said = [status: number, headers: Record<string, string>, body: string];
async function busy(answers: Said[], ask: (shop: Aisle) => Promise<unknown>): Promise<string[]> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    bodies.push(body);
    const [status, headers, text] = answers.shift()!;
    if (status !== 0) response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await ask(new Aisle(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return bodies;
}
const done = JSON.stringify({ accepted: 1, duplicates: 0, rejected: 0, results: [] });
const sent = await busy([[503, {}, 'busy'], [429, { 'Retry-After': '0' }, '{}'], [200, {}, done]], async (s) => {
  assert.equal((await s.postEvents([{ type: 'view_item', session_id: 's', item_id: 'a' }])).accepted, 1);
});
assert.ok(sent.length === 3 && new Set(sent).size === 1 && JSON.parse(sent[0]!)[0].event_id);
const once = await busy([[503, {}, '<h1>busy</h1>']], (s) => assert.rejects(s.startJob({}), (e) => e instanceof Problem && e.code === 'http_503'));
assert.equal(once.length, 1);
await busy([[0, {}, '']], (s) => assert.rejects(s.liveModels({ timeoutMs: 200, tries: 1 }), (e) => (e as Error).name === 'TimeoutError'));
console.log('all went well');
