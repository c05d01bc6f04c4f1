// @ts-check
/**
 * Aisle's tracker and widgets for a storefront; docs/tracker.md has all attributes and calls:
 *
 *   <script src="https://aisle.shop.example/aisle/1/aisle.js" data-key="pk_..." defer></script>
 *   <div data-aisle="home.for_you"></div>
 */
(() => {
  "use strict";
  const tag = /** @type {HTMLScriptElement} */ (document.currentScript);
  const set = tag ? tag.dataset : {};
  const server = (set.server || (tag ? new URL(tag.src).origin : "")).replace(/\/$/, "");
  const day = 864e5, batch = 50, kept = 200;

  /** Where storage is refused, all lasts as long as the page. */
  const memory = {};
  const store = {
    get: (k) => { try { return JSON.parse(localStorage.getItem("aisle." + k) || "null"); } catch { return memory[k] ?? null; } },
    set: (k, v) => { memory[k] = v; try { localStorage.setItem("aisle." + k, JSON.stringify(v)); } catch { /* as above */ } },
    drop: (k) => { delete memory[k]; try { localStorage.removeItem("aisle." + k); } catch { /* as above */ } },
  };
  const id = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  let user = set.user || "", token = set.userToken || "", allowed = true;
  /** @type {any[]} */
  let queue = store.get("queue") || [];
  /** What this page does before consent is decided. */
  let held = [];
  /** What was decided holds in all tabs, and in a page that comes back. */
  function decided() {
    const consent = store.get("consent");
    allowed = consent === null ? set.consent !== "wait" : consent;
    if (consent === false) { queue = []; held = null; ["queue", "session", "clicks"].forEach(store.drop); }
    if (allowed) held?.splice(0).forEach(track);
  }
  decided();
  addEventListener("storage", (e) => e.key === "aisle.consent" && decided());
  addEventListener("pageshow", decided);
  let timer = 0, sending = false, wait = 1000;

  /** The random, first-party id of a visitor without a name; it ends 30 days after the last visit. */
  function session() {
    const now = Date.now(), s = store.get("session");
    const live = now - s?.at < 30 * day ? s : { id: "s-" + id(), at: 0 };
    if (now - live.at > 6e4) store.set("session", { id: live.id, at: now });
    return live.id;
  }

  /** Posts, and without the person when the token has ended or is another's. */
  async function post(path, body) {
    const named = token, text = JSON.stringify(body), less = JSON.stringify(body, (k, v) => k === "user_id" ? undefined : v);
    const r = await fetch(server + path, {
      method: "POST", body: text, keepalive: path === "/v1/events" && text.length < 2e4, // browsers keep 64 KB alive at most
      headers: { "Content-Type": "application/json", "X-API-Key": set.key || "", ...(named && { "Aisle-User-Token": named }) },
    });
    const ended = r.status === 401 && named;
    if (ended && token === named) user = token = "";
    return ended || (r.status === 403 && less !== text) ? post(path, JSON.parse(less)) : r;
  }

  /** Queues an event: it is sent soon, when the page goes, or when there is a network again, once. */
  function track(event) {
    event = { occurred_at: new Date().toISOString(), ...event };
    if (!allowed) { held = held && [...held, event].slice(-kept); return; }
    const e = { event_id: id(), session_id: session(), ...(user && { user_id: user }), ...event };
    due(e);
    if (e.items && e.type !== "view_item_list") e.items = e.items.map((i) => due({ ...i })); // each line of an order to its own answer
    queue.push(e);
    keep([]);
    if (queue.length >= batch) flush();
    else if (!timer) timer = setTimeout(flush, 2000);
  }

  /** Keeps what waits here and in other tabs, less what was sent. */
  function keep(sent) {
    const all = new Map([...(store.get("queue") || []), ...queue].map((e) => [e.event_id, e]));
    sent.forEach((e) => all.delete(e.event_id));
    store.set("queue", queue = [...all.values()].slice(-kept));
  }

  /** What is posted of events: the server's clock says when, since a visitor's may be wrong, unless they have waited. */
  const posted = (events) => events.map((e) => Date.now() - Date.parse(e.occurred_at) < 6e4 ? { ...e, occurred_at: undefined } : e);

  async function flush() {
    clearTimeout(timer);
    timer = 0;
    if (sending || !queue.length || !allowed) return;
    sending = true;
    const part = queue.slice(0, batch);
    const r = await post("/v1/events", posted(part)).catch(() => {}); // no network: they wait
    const done = r?.status < 500 && ![408, 429].includes(r.status); // what is refused would be refused again
    if (done) r.json().then((a) => (a.rejected || !r.ok) && console.warn("Aisle:", a), console.warn);
    sending = false;
    if (!allowed) return;
    if (done) {
      keep(part);
      wait = 1000;
      if (queue.length) timer = setTimeout(flush, 100);
      document.dispatchEvent(new CustomEvent("aisle:sent", { detail: part }));
    } else {
      wait = Math.min(wait * 2, 6e4);
      timer = setTimeout(flush, wait);
    }
  }

  /** A page that goes sends what is left, with the same ids. */
  addEventListener("pagehide", () => {
    if (!allowed || !queue.length || !navigator.sendBeacon) return;
    const body = JSON.stringify({ key: set.key, events: posted(queue.slice(0, batch)), ...(token && { user_token: token }) });
    navigator.sendBeacon(server + "/v1/events", new Blob([body], { type: "text/plain" }));
  });
  addEventListener("online", flush);

  /** The answer that an item was clicked in: what is bought later is due to it. */
  function recall(item) {
    const c = store.get("clicks") || {};
    return c[item] && Date.now() - c[item][1] < 7 * day ? c[item][0] : "";
  }
  function due(e) {
    const shown = e.item_id && !e.recommendation_id && recall(e.item_id);
    if (shown) e.recommendation_id = shown;
    return e;
  }
  function clicked(item, recommendation, position) {
    const c = store.get("clicks") || {}, last = c[item] || [];
    if (!allowed || last[0] === recommendation && Date.now() - last[1] < 1e3) return; // a double click is one
    c[item] = [recommendation, Date.now()];
    const newest = Object.entries(c).sort((a, b) => b[1][1] - a[1][1]).slice(0, 100);
    store.set("clicks", Object.fromEntries(newest));
    track({ type: "select_item", item_id: item, recommendation_id: recommendation, position });
    flush();
  }

  const asked = { fields: ["title", "image_url", "url", "price", "currency"], explain: "reasons" };

  /** Asks for a list. */
  const recommend = (request) => ask("", { ...asked, ...request });

  /** What was just done and is not sent yet counts too, unless it is refused. */
  async function ask(path, request, waiting = queue) {
    const fresh = waiting.slice(-20).filter((e) => e.item_id || e.items).map(({ type, item_id, items, occurred_at }) => ({ type, item_id, items, occurred_at }));
    const body = { ...(allowed && { session_id: session(), ...(user && { user_id: user }), ...(fresh.length && { events: fresh }) }), ...request };
    const r = await post("/v1/recommendations" + path, body);
    if (r.ok) return r.json();
    const problem = await r.json().catch(() => ({})), { pointer } = problem.errors?.[0] || {};
    if (fresh[0] && /^.events/.test(pointer)) return ask(path, request, []);
    throw Object.assign(new Error("Aisle: " + JSON.stringify(problem)), { pointer });
  }

  function request(box) {
    const d = box.dataset, list = (text) => text ? text.split(",").map((s) => s.trim()).filter(Boolean) : undefined;
    return {
      scenario: d.aisle, limit: Number(d.limit) || undefined, ...asked, context_items: list(d.items), cart: list(d.cart),
      category: d.category || undefined, q: d.q || undefined, fallback: d.fallback || undefined,
    };
  }

  /** The latest question for each element. */
  const rounds = new WeakMap();

  /** Fills up to ten elements with one question, so that a product stands once on the page. */
  async function fill(boxes) {
    const round = {};
    for (const box of boxes) {
      rounds.set(box, round);
      box.setAttribute("aria-busy", "true");
      for (let n = box.querySelector("[data-item], .aisle-skeleton") ? 0 : Number(box.dataset.skeleton) || 0; n > 0; n--) {
        box.append(Object.assign(document.createElement("div"), { className: "aisle-skeleton", ariaHidden: "true" }));
      }
    }
    for (let rest = boxes; rest.length;) {
      try {
        const page = await ask("/batch", { placements: rest.map(request) });
        rest.forEach((box, n) => { try { if (rounds.get(box) === round) show(box, page.placements[n]); } catch (e) { console.warn(e); box.hidden = true; } });
        rest = [];
      } catch (e) { // a page is whole without us, and without a placement that cannot be asked for
        console.warn(e);
        const wrong = rest[(/^\/placements\/(\d+)/.exec(e.pointer) || [])[1]];
        rest = rest.filter((box) => rounds.get(box) === round && (wrong && box !== wrong || !(box.hidden = true)));
      }
    }
    boxes.forEach((box) => rounds.get(box) === round && box.removeAttribute("aria-busy"));
  }

  function show(box, answer) {
    const template = box.querySelector("template");
    box.querySelectorAll(":scope > :not(template):not([data-aisle-keep])").forEach((n) => n.remove());
    box.hidden = !answer.items.length;
    const seen = new IntersectionObserver((entries) => {
      const now = entries.filter((e) => e.isIntersecting).map((e) => e.target);
      now.forEach((n) => seen.unobserve(n));
      if (now.length) track({ type: "view_item_list", recommendation_id: answer.recommendation_id, items: now.map((n) => ({ item_id: n.dataset.item })) });
    }, { threshold: .5 });
    for (const item of answer.items) {
      const node = card(template, item);
      for (const n of node.querySelectorAll("[data-reason]")) {
        const why = item.reasons?.find((r) => r.code === n.dataset.reason && r.title);
        why ? n.textContent = n.textContent.replace("{title}", why.title) : n.remove();
      }
      node.dataset.item = item.item_id;
      for (const type of ["click", "auxclick"]) { // the middle button opens a tab
        node.addEventListener(type, (e) => e.button < 2 && clicked(item.item_id, answer.recommendation_id, item.position), { capture: true });
      }
      box.append(node);
      seen.observe(node);
    }
    box.dispatchEvent(new CustomEvent("aisle:filled", { bubbles: true, detail: answer }));
  }

  function card(template, item) {
    const f = item.fields || {};
    const price = f.price == null ? "" : f.currency ? new Intl.NumberFormat(undefined, { style: "currency", currency: f.currency }).format(f.price) : String(f.price);
    const value = (name) => name === "price" ? price : name === "item_id" ? item.item_id : f[name] == null ? "" : String(f[name]);
    const web = (url) => /^(https?:)?\/|^[^:]*$/i.test(url) ? url : "";
    if (!template) {
      const a = document.createElement("a");
      a.className = "aisle-card";
      if (f.url) a.href = web(f.url);
      if (f.image_url) a.append(Object.assign(document.createElement("img"), { src: web(f.image_url), alt: "", loading: "lazy" }));
      for (const name of ["title", "price"]) a.append(Object.assign(document.createElement("span"), { className: "aisle-" + name, textContent: value(name) || (name === "title" ? item.item_id : "") }));
      return a;
    }
    const node = template.content.firstElementChild.cloneNode(true);
    for (const n of [node, ...node.querySelectorAll("*")]) {
      if (n.dataset.field) n.textContent = value(n.dataset.field);
      if (n.dataset.href) n.setAttribute("href", web(value(n.dataset.href)));
      if (n.dataset.src) n.setAttribute("src", web(value(n.dataset.src)));
    }
    return node;
  }

  function refresh() {
    const all = [...document.querySelectorAll("[data-aisle]")];
    while (all.length) fill(all.splice(0, 10));
  }

  /** GA4's e-commerce events are forwarded as they are, those of before too. */
  function ga4() {
    const layer = (window["dataLayer"] ||= []);
    const take = (e) => {
      const name = e && (e.event || (e[0] === "event" && e[1])), data = e && (e.ecommerce || e[2] || {});
      if (!/^(view_item(_list)?|select_item|add_to_(cart|wishlist)|remove_from_cart|purchase|search|view_cart|begin_checkout)$/.test(name)) return; // a page refunds nothing
      const items = (data.items || []).map((i) => ({ item_id: String(i.item_id || i.id), quantity: i.quantity, price: i.price }));
      track({ type: name, items, currency: data.currency, ...(data.transaction_id && { order_id: String(data.transaction_id), value: data.value }) });
    };
    layer.forEach(take);
    const push = layer.push;
    layer.push = function (...e) { e.forEach(take); return push.apply(layer, e); };
  }

  window["aisle"] = {
    track, recommend, refresh, flush,
    session: () => allowed ? session() : "", // for a server that posts orders itself
    identify(who, proof) {
      if (user && user !== who) ["session", "clicks"].forEach(store.drop); // who comes next is somebody else
      user = who || "";
      token = proof || "";
    },
    consent(yes) {
      store.set("consent", !!yes);
      decided();
    },
  };
  if (set.ga4 !== undefined) ga4();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", refresh); else refresh();
  flush();
})();
