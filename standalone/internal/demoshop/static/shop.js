// What a shop's own script does: it tells Aisle's tracker what visitors do. The side panel belongs to the demo.
"use strict";
(() => {
  const track = (event) => { aisle.track(event); aisle.flush(); };

  const start = () => {
    for (const node of document.querySelectorAll("[data-track]")) {
      const { track: type, item, order, query } = node.dataset;
      if (node.tagName === "FORM") node.addEventListener("submit", () => track({ type, item_id: item }));
      else if (type === "purchase") purchase(node, order);
      else if (type === "search") track({ type, properties: { query } });
      else track({ type, item_id: item });
    }
  };

  // An order is told once, however often its page is loaded: its number says that it is the same.
  function purchase(node, order) {
    const items = [...node.querySelectorAll("[data-line]")].map((l) => ({ item_id: l.dataset.line, quantity: Number(l.dataset.quantity), price: Number(l.dataset.price) }));
    const value = items.reduce((sum, i) => sum + i.quantity * i.price, 0);
    track({ type: "purchase", order_id: order, items, value: Math.round(100 * value) / 100, currency: "GBP" });
  }

  // The panel asks the shop's server how the first list of the page came about.
  const panel = document.getElementById("trace");
  let main = null, timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(show, 250); };
  async function show() {
    const session = JSON.parse(localStorage.getItem("aisle.session") || "null")?.id;
    if (!main || !session) return;
    const { aisle: scenario, items = "", category = "", cart = "" } = main.dataset;
    const query = new URLSearchParams({ scenario, items, category, cart, session, user: document.body.dataset.user || "" });
    try {
      const answer = await fetch("/shop/trace?" + query);
      panel.innerHTML = await answer.text();
      panel.dataset.ready = scenario;
    } catch (failure) {
      panel.textContent = "The panel cannot be filled: " + failure.message;
    }
  }
  const filled = (target) => {
    main ||= document.querySelector("[data-aisle]:not([hidden])") || target;
    later();
    for (const title of target.querySelectorAll(".title")) title.textContent = title.textContent.charAt(0) + title.textContent.slice(1).toLowerCase();
  };
  document.addEventListener("aisle:filled", (event) => filled(event.target));
  document.addEventListener("aisle:sent", (event) => {
    later();
    if (event.detail.some((e) => e.type === "view_item_list")) return;
    // What was done changes what is shown: on a page that stays, its lists are asked for again.
    if (document.body.dataset.page === "home" || document.body.dataset.page === "order") aisle.refresh();
  });
  const fold = document.querySelector("[data-panel]"), narrow = matchMedia("(max-width: 62rem)");
  const set = () => { fold.open = !narrow.matches; };
  narrow.addEventListener("change", set);
  set();
  start();
  // Where this script came late, the tracker has filled lists before.
  for (const place of document.querySelectorAll("[data-aisle]:has([data-item])")) filled(place);
})();
