// Makes pages livelier; each works without it. A form or region with data-live="#id" puts what it answers into the region of that id, a region with
// data-refresh="seconds" is read anew until the answer has no such attribute, and [data-drop] takes a file that is dropped on it for its input.
"use strict";
(() => {
  const pause = 350; // ms after the last key
  const running = new Map();

  // swap puts the region of an answered page into this one, and says so to screen readers through the region's own aria-live.
  async function swap(selector, url, options, ofForm) {
    running.get(selector)?.abort();
    const stop = new AbortController();
    running.set(selector, stop);
    const region = document.querySelector(selector);
    if (!region) return;
    region.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { ...options, signal: stop.signal, credentials: "same-origin" });
      if (answer.redirected && !answer.url.includes("/console/")) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(selector) ?? page.querySelector("main .bad");
      if (!fresh) { location.assign(answer.url); return; }
      if (fresh.matches(selector)) region.replaceWith(document.adoptNode(fresh));
      else region.replaceChildren(document.adoptNode(fresh));
      if (ofForm) mark(page);
      prepare();
    } catch (failure) {
      if (failure.name === "AbortError") return;
      region.textContent = "The server cannot be reached: " + failure.message;
    } finally {
      document.querySelector(selector)?.removeAttribute("aria-busy");
    }
  }

  // mark puts what is wrong with a field beside it, as the answered page has it.
  function mark(page) {
    for (const fresh of page.querySelectorAll(".field[id]")) {
      const field = document.getElementById(fresh.id);
      const control = field?.querySelector("input, select, textarea"), answered = fresh.querySelector("input, select, textarea");
      if (!control || !answered) continue;
      field.querySelector(".error")?.remove();
      const wrong = fresh.querySelector(".error");
      if (wrong) control.after(document.adoptNode(wrong));
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (answered.hasAttribute(name)) control.setAttribute(name, answered.getAttribute(name));
        else control.removeAttribute(name);
      }
    }
  }

  function submit(form, button) {
    const target = form.dataset.live;
    const data = new FormData(form);
    const name = button?.getAttribute("name");
    if (name) data.set(name, button.value);
    const action = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.pathname;
    if ((form.method || "get") === "get") {
      const url = action.split("?")[0] + "?" + new URLSearchParams(data);
      history.replaceState(null, "", url);
      return swap(target, url, {}, true);
    }
    const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
    return swap(target, action, { method: "POST", body }, true);
  }

  function later(form) {
    clearTimeout(form.timer);
    form.timer = setTimeout(() => submit(form, form.querySelector("[data-preview]")), pause);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    const question = button?.dataset.confirm;
    if (question && !confirm(question)) { event.preventDefault(); return; }
    const live = form.dataset.live && (!form.querySelector("[data-preview]") || button?.hasAttribute("data-preview"));
    if (!live) return;
    event.preventDefault();
    submit(form, button);
  });

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const form = event.target.form;
      const typing = form?.dataset.typing; // "off": only when asked; "change": not with every key, for forms that carry a file
      if (form?.dataset.live && typing !== "off" && (typing !== "change" || kind === "change")) later(form);
    });
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const area = event.target.closest?.("[data-drop]");
      if (!area) return;
      event.preventDefault();
      area.classList.toggle("over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      const input = area.querySelector("input[type=file]");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  function prepare() {
    for (const region of document.querySelectorAll("[data-refresh]:not([data-timed])")) {
      region.dataset.timed = "";
      const again = () => setTimeout(() => {
        if (!region.isConnected) return;
        if (document.hidden || region.contains(document.activeElement) || region.querySelector("details[open]")) again(); // somebody reads there
        else swap("#" + region.id, location.href);
      }, 1000 * Number(region.dataset.refresh));
      again();
    }
  }
  prepare();

  // On a narrow screen the menu begins closed; without this script it is open.
  const menu = document.querySelector("[data-menu]"), narrow = matchMedia("(max-width: 60rem)");
  const fold = () => { if (menu) menu.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();

  // Fields that belong to one choice of a select ([data-for="name=a b"]) are shown with it only.
  function choose() {
    for (const part of document.querySelectorAll("[data-for]")) {
      const [name, values] = part.dataset.for.split("=");
      const control = part.closest("form")?.elements[name];
      if (control) part.hidden = !values.split(" ").includes(control.value);
    }
  }
  document.addEventListener("change", choose);
  choose();
})();
