// What is the same for every call: the key, deadlines, retries, problems.

/** Options of a client or of one call. */
export interface Options {
  /** Secret key on a server, publishable key in a browser. */
  key?: string;
  /** Says for which visitor a publishable key acts. */
  userToken?: string;
  /** Make the change only when the object still has this version. */
  ifMatch?: number;
  /** Milliseconds for one try; 30000 when absent. */
  timeoutMs?: number;
  /** How often a call that may be repeated is tried; 4 when absent. */
  tries?: number;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** One call of the API. */
export interface Call {
  method: string;
  path: string;
  query?: Record<string, unknown>;
  body?: unknown;
  raw?: BodyInit;
  repeatable?: boolean;
}

/** What the API says against a request: RFC 9457. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId?: string;
  readonly errors: { pointer?: string; parameter?: string; code: string; detail: string }[];

  constructor(status: number, said: Record<string, any>) {
    super(`${status} ${said.code}: ${said.detail}`);
    this.name = 'Problem';
    this.status = status;
    this.code = said.code;
    this.detail = said.detail;
    this.requestId = said.request_id;
    this.errors = said.errors ?? [];
  }
}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
const worthAnother = [429, 502, 503, 504];

export class Core {
  readonly address: string;
  readonly options: Options;

  /** A client of the Aisle at an address such as https://recommend.example. */
  constructor(address: string, options: Options = {}) {
    this.address = address.replace(/\/+$/, '');
    this.options = options;
  }

  protected async call<T>(call: Call, options?: Options): Promise<T> {
    const answer = await this.stream(call, options);
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Makes a call and returns its answer when that is a success. */
  protected async stream(call: Call, options: Options = {}): Promise<Response> {
    const o = { ...this.options, ...options, headers: { ...this.options.headers, ...options.headers } };
    const init = request(call, o);
    const tries = call.repeatable && call.raw === undefined ? (o.tries ?? 4) : 1;
    for (let n = 1; ; n++) {
      let pause = firstPauseMs * 2 ** (n - 1);
      let failed: unknown;
      try {
        const answer = await within(o.timeoutMs ?? 30_000, o.signal, (signal) => fetch(this.address + call.path + search(call.query), { ...init, signal }));
        if (answer.ok) return answer;
        const problem = await problemOf(answer);
        if (n >= tries || !worthAnother.includes(answer.status)) throw problem;
        pause = Math.max(pause, 1000 * Number(answer.headers.get('Retry-After') ?? 0) || 0);
        failed = problem;
      } catch (error) {
        if (error === failed || error instanceof Problem || n >= tries || o.signal?.aborted) throw error;
      }
      await new Promise((go) => setTimeout(go, Math.min(pause, longestPauseMs)));
    }
  }
}

// Ends a wait for an answer to begin after a time, or when the caller does.
async function within<T>(ms: number, outer: AbortSignal | undefined, wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
  outer?.throwIfAborted();
  const inner = new AbortController();
  const end = () => inner.abort(outer?.reason);
  outer?.addEventListener('abort', end, { once: true });
  const timer = setTimeout(() => inner.abort(new DOMException('the service took too long', 'TimeoutError')), ms);
  try {
    return await wait(inner.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', end);
  }
}

function request(call: Call, o: Options): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json, application/x-ndjson, */*', ...o.headers };
  if (o.key) headers['Authorization'] = `Bearer ${o.key}`;
  if (o.userToken) headers['Aisle-User-Token'] = o.userToken;
  if (o.ifMatch !== undefined) headers['If-Match'] = `"${o.ifMatch}"`;
  if (call.raw !== undefined) {
    headers['Content-Type'] = 'application/octet-stream';
    return { method: call.method, headers, body: call.raw };
  }
  if (call.body === undefined) return { method: call.method, headers };
  headers['Content-Type'] = 'application/json';
  return { method: call.method, headers, body: JSON.stringify(named(call)) };
}

// Events without an id get one, so that a repeat counts once.
function named(call: Call): unknown {
  if (call.path !== '/v1/events' || !Array.isArray(call.body)) return call.body;
  return call.body.map((event) => ({ ...event, event_id: event.event_id || crypto.randomUUID() }));
}

function search(query: Record<string, unknown> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)])).toString();
  return text === '' ? '' : '?' + text;
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text();
  try {
    const said = JSON.parse(text);
    if (typeof said.code === 'string') return new Problem(answer.status, said);
  } catch {
    // something between client and service speaks
  }
  return new Problem(answer.status, { code: `http_${answer.status}`, detail: text.slice(0, 200) || answer.statusText });
}
