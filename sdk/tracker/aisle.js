// @ts-check
/**
 * Aisle's tracker and widgets for a storefront. One tag is enough:
 *
 *   <script src="https://aisle.shop.example/aisle/1/aisle.js" data-key="pk_..." defer></script>
 *   <div data-aisle="home.for_you"></div>
 *
 * Attributes of the tag: data-key (a publishable key), data-server (address of Aisle; where the script came from when absent), data-user and data-user-token (who is
 * logged in, with a token that the shop's server made), data-consent ("wait" keeps everything back until aisle.consent(true)), data-ga4 (forwards the GA4 data layer).
 * In code: aisle.track({type: "add_to_cart", item_id: "A1"}), aisle.recommend({scenario: "home.for_you"}), aisle.identify(id, token), aisle.consent(yes), aisle.refresh(),
 * aisle.session() (the visitor's id, for orders that a server posts; empty without consent).
 */
(() => {
  "use strict";
  const tag = /** @type {HTMLScriptElement} */ (document.currentScript);
  const set = tag ? tag.dataset : {};
  const server = (set.server || (tag ? new URL(tag.src).origin : "")).replace(/\/$/, "");
  const day = 864e5, batch = 50, kept = 200;

  /** Storage that pages may refuse: then things last as long as the page. */
  const memory = {};
  const store = {
    get: (k) => { try { return JSON.parse(localStorage.getItem("aisle." + k) || "null"); } catch { return memory[k] || null; } },
    set: (k, v) => { memory[k] = v; try { localStorage.setItem("aisle." + k, JSON.stringify(v)); } catch { /* as above */ } },
    drop: (k) => { delete memory[k]; try { localStorage.removeItem("aisle." + k); } catch { /* as above */ } },
  };
  const id = () => crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  let user = set.user || "", token = set.userToken || "", allowed = set.consent !== "wait";
  if (store.get("consent") !== null) allowed = store.get("consent");
  /** @type {any[]} */
  let queue = store.get("queue") || [];
  let timer = 0, sending = false, wait = 1000;

  /** The random, first-party id of a visitor without a name; it ends 30 days after the last visit. */
  function session() {
    const now = Date.now(), s = store.get("session");
    const live = s && now - s.at < 30 * day ? s : { id: "s-" + id(), at: 0 };
    if (now - live.at > 6e4) store.set("session", { id: live.id, at: now });
    return live.id;
  }

  function headers() {
    return Object.assign({ "Content-Type": "application/json", "X-API-Key": set.key || "" }, token && { "Aisle-User-Token": token });
  }

  /** Queues an event: it is sent soon, when the page goes, or the next time that there is a network, each once. */
  function track(event) {
    if (!allowed) return;
    const e = Object.assign({ event_id: id(), occurred_at: new Date().toISOString(), session_id: session() }, user && { user_id: user }, event);
    due(e);
    if (e.items && e.type !== "view_item_list") e.items = e.items.map((i) => due(Object.assign({}, i))); // each line of an order to its own answer
    queue = queue.concat(e).slice(-kept);
    store.set("queue", queue);
    if (queue.length >= batch) flush();
    else if (!timer) timer = setTimeout(flush, 2000);
  }

  async function flush() {
    clearTimeout(timer);
    timer = 0;
    if (sending || !queue.length || !allowed) return;
    sending = true;
    const part = queue.slice(0, batch);
    let done = false;
    try {
      const r = await fetch(server + "/v1/events", { method: "POST", headers: headers(), body: JSON.stringify(part), keepalive: true });
      done = r.ok || (r.status < 500 && r.status !== 429 && r.status !== 408); // what is refused would be refused again
    } catch { /* no network: they wait */ }
    sending = false;
    if (done) {
      const sent = new Set(part.map((e) => e.event_id));
      queue = queue.filter((e) => !sent.has(e.event_id));
      store.set("queue", queue);
      wait = 1000;
      if (queue.length) timer = setTimeout(flush, 100);
      document.dispatchEvent(new CustomEvent("aisle:sent", { detail: part }));
    } else {
      wait = Math.min(wait * 2, 6e4);
      timer = setTimeout(flush, wait);
    }
  }

  /** A page that goes sends what is left; with the same ids as ever, should that have been sent already. */
  addEventListener("pagehide", () => {
    if (!allowed || !queue.length || !navigator.sendBeacon) return;
    const body = JSON.stringify(Object.assign({ key: set.key, events: queue.slice(0, batch) }, token && { user_token: token }));
    navigator.sendBeacon(server + "/v1/events", new Blob([body], { type: "text/plain" }));
  });
  addEventListener("online", flush);

  /** Which answer an item was clicked in: what is bought later is due to it. */
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
    if (!allowed) return;
    const c = store.get("clicks") || {};
    c[item] = [recommendation, Date.now()];
    const newest = Object.entries(c).sort((a, b) => b[1][1] - a[1][1]).slice(0, 100);
    store.set("clicks", Object.fromEntries(newest));
    track({ type: "select_item", item_id: item, recommendation_id: recommendation, position });
    flush();
  }

  const asked = { fields: ["title", "image_url", "url", "price", "currency"], explain: "reasons" };

  /** Asks for a list. */
  const recommend = (request) => ask("", Object.assign({}, asked, request));

  /** What was just done and is not sent yet counts too. */
  async function ask(path, request) {
    const who = allowed ? Object.assign({ session_id: session() }, user && { user_id: user }) : {};
    const fresh = queue.slice(-20).filter((e) => e.item_id || e.items).map(({ type, item_id, items, occurred_at }) => ({ type, item_id, items, occurred_at }));
    const body = Object.assign(who, allowed && fresh.length && { events: fresh }, request);
    const r = await fetch(server + "/v1/recommendations" + path, { method: "POST", headers: headers(), body: JSON.stringify(body) });
    if (r.ok) return r.json();
    const problem = await r.json().catch(() => ({ detail: r.statusText }));
    throw Object.assign(new Error("Aisle: " + problem.detail), { pointer: problem.errors && problem.errors[0].pointer });
  }

  /** What a placement asks for. */
  function request(box) {
    const d = box.dataset, list = (text) => (text || "").split(",").map((s) => s.trim()).filter(Boolean);
    return Object.assign({ scenario: d.aisle, limit: Number(d.limit) || undefined }, asked, list(d.items).length && { context_items: list(d.items) },
      d.category && { category: d.category }, d.q && { q: d.q }, list(d.cart).length && { cart: list(d.cart) }, d.fallback && { fallback: d.fallback });
  }

  /** Fills up to ten elements with one question, so that a product stands once on the page. The <template> of an element, with data-field in it, is the card of one item. */
  async function fill(boxes) {
    for (const box of boxes) {
      box.setAttribute("aria-busy", "true");
      for (let n = box.querySelector("[data-item], .aisle-skeleton") ? 0 : Number(box.dataset.skeleton) || 0; n > 0; n--) {
        box.append(Object.assign(document.createElement("div"), { className: "aisle-skeleton", ariaHidden: "true" }));
      }
    }
    for (let rest = boxes; rest.length;) {
      try {
        const page = await ask("/batch", { placements: rest.map(request) });
        rest.forEach((box, n) => { try { show(box, page.placements[n]); } catch (e) { console.warn(e); box.hidden = true; } });
        rest = [];
      } catch (e) { // a shop's page is whole without us, and without a placement that cannot be asked for
        console.warn(e);
        const wrong = rest[(/^\/placements\/(\d+)/.exec(e.pointer) || [])[1]];
        rest = rest.filter((box) => wrong && box !== wrong || !(box.hidden = true));
      }
    }
    boxes.forEach((box) => box.removeAttribute("aria-busy"));
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
        const why = (item.reasons || []).find((r) => r.code === n.dataset.reason && r.title);
        why ? n.textContent = n.textContent.replace("{title}", why.title) : n.remove();
      }
      node.dataset.item = item.item_id;
      node.addEventListener("click", () => clicked(item.item_id, answer.recommendation_id, item.position), { capture: true });
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

  /** GA4's data layer: e-commerce events are forwarded as they are, those of before too. */
  function ga4() {
    const layer = (window["dataLayer"] = window["dataLayer"] || []);
    const take = (e) => {
      const name = e && (e.event || (e[0] === "event" && e[1])), data = e && (e.ecommerce || e[2] || {});
      if (!/^(view_item|select_item|add_to_cart|remove_from_cart|add_to_wishlist|purchase|refund|view_item_list|search|view_cart|begin_checkout)$/.test(name)) return;
      if (name === "refund") return; // pages give no money back
      const items = (data.items || []).map((i) => ({ item_id: String(i.item_id || i.id), quantity: i.quantity, price: i.price }));
      track(Object.assign({ type: name }, items.length === 1 && name !== "purchase" ? { item_id: items[0].item_id } : { items },
        data.transaction_id && { order_id: String(data.transaction_id), value: data.value, currency: data.currency }));
    };
    layer.forEach(take);
    const push = layer.push;
    layer.push = function (...e) { e.forEach(take); return push.apply(layer, e); };
  }

  window["aisle"] = {
    track, recommend, refresh, flush,
    session: () => allowed ? session() : "", // for a server that posts orders itself
    identify(who, proof) { user = who || ""; token = proof || ""; },
    consent(yes) {
      allowed = !!yes;
      store.set("consent", allowed);
      if (!allowed) { queue = []; ["queue", "session", "clicks"].forEach(store.drop); }
    },
  };
  if (set.ga4 !== undefined) ga4();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", refresh); else refresh();
  flush();
})();
