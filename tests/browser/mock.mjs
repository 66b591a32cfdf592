// SPDX-License-Identifier: Apache-2.0
// A simulated server: it answers docs/timeline-api.md from invented people, and serves web/dist
// under the policy that the real one sends. With it the pages meet what a good node rarely
// shows: a person without records, a fault, a slow answer, thousands of events in a month.
// By hand: node tests/browser/mock.mjs [PORT]
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { people, timelineOf, trendOf, detailOf } from './invented.mjs';

const dist = fileURLToPath(new URL('../../web/dist', import.meta.url));
const policy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const absent = () => new Refusal(404, 'no such record');

function fold(text) {
  return text.normalize('NFKC').replaceAll(' ', '').toLowerCase();
}

function persons(url) {
  const name = fold(url.searchParams.get('name') ?? '');
  const limit = Number(url.searchParams.get('limit') ?? 50);
  const start = Number(url.searchParams.get('after') || 0);
  const all = people.filter((one) => fold(one.name + one.kana).includes(name));
  const rows = all.slice(start, start + limit);
  const more = start + limit < all.length ? { next: String(start + limit) } : {};
  return {
    persons: rows.map((one) => ({ ...one, institutions: timelineOf(one.person).institutions.length })),
    ...more,
  };
}

function days(from, to) {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}

function overview(life, url) {
  const { events, ...head } = life;
  const on = url.searchParams.get('on') ?? '2010-05-07';
  // The node reckons ages; what is asked of this one is looked up, not reckoned again.
  const known = { '1941-04-21 2010-05-07': { years: 69, months: 0, days: 16 } };
  const years = new Map();
  for (const event of events) {
    const year = Number(event.day.slice(0, 4));
    const key = `${year} ${event.institution}`;
    if (!years.has(key)) years.set(key, { year, institution: event.institution, counts: {} });
    const { counts } = years.get(key);
    counts[event.kind] = (counts[event.kind] ?? 0) + 1;
  }
  const sorted = events.map((one) => one.day).sort();
  return {
    ...head,
    age: known[`${head.birthDate} ${on}`] ?? null,
    first: sorted[0] ?? null,
    last: sorted.at(-1) ?? null,
    years: [...years.values()],
  };
}

function eventsOf(life, url) {
  const from = url.searchParams.get('from');
  const to = url.searchParams.get('to');
  if (from === null || to === null || days(from, to) > 400) throw new Refusal(400, 'at most 400 days');
  return { events: life.events.filter((one) => one.day <= to && (one.end ?? one.day) >= from) };
}

function sharing(url) {
  if (/%2f/i.test(url.pathname)) throw new Refusal(400, 'an encoded slash in the path');
  const [, , , what, person, part, id] = url.pathname.split('/').map(decodeURIComponent);
  if (what === 'session') return { open: true, user: null };
  if (what !== 'persons') throw absent();
  if (person === undefined) return persons(url);
  const life = timelineOf(person);
  if (life === undefined) throw absent();
  if (person === 'faulty') throw new Refusal(500, 'the store did not answer');
  if (part === undefined) return overview(life, url);
  if (person === 'half-faulty' && part === 'events') throw new Refusal(500, 'the store did not answer');
  if (part === 'trend') return trendOf(life, url.searchParams.get('code')) ?? fail();
  if (part !== 'events') throw absent();
  return id === undefined ? eventsOf(life, url) : (detailOf(life, id) ?? fail());
}

function fail() {
  throw absent();
}

function headers(type) {
  return {
    'Content-Type': type,
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}

function answer(url, reply) {
  let status = 200;
  let body;
  try {
    body = sharing(url);
  } catch (error) {
    status = error.status ?? 500;
    body = {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'exception', diagnostics: error.message }],
    };
  }
  reply.writeHead(status, headers('application/json; charset=utf-8'));
  reply.end(JSON.stringify(body));
}

/** Who is signed in: nobody, for the doors stand open. */
function open(reply) {
  reply.writeHead(200, headers('application/json'));
  reply.end(JSON.stringify({ signedIn: false, open: true, demo: false }));
}

function file(url, reply) {
  const path = join(dist, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
  if (!path.startsWith(dist) || !existsSync(path)) {
    reply.writeHead(404, headers('text/plain'));
    reply.end();
    return;
  }
  reply.writeHead(200, headers(types[extname(path)] ?? 'application/octet-stream'));
  createReadStream(path).pipe(reply);
}

/** Answers { url, close }. Port 0 takes a free one. */
export function serve(port = 0) {
  const server = createServer((request, reply) => {
    const url = new URL(request.url, 'http://node');
    if (url.pathname === '/session') open(reply);
    else if (!url.pathname.startsWith('/api/')) file(url, reply);
    else if (url.pathname.includes('/slow')) setTimeout(() => answer(url, reply), 1200);
    else answer(url, reply);
  });
  return new Promise((ready) => {
    server.listen(port, '127.0.0.1', () =>
      ready({
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      }),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(Number(process.argv[2] ?? 8090));
  console.log(`simulated server: ${url}`);
}
