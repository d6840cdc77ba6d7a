/* Sends forms with fetch (App Bridge adds the ID token), shows the answer, refreshes what is still under way.
   303: show the page it leads to. Anything else that is a page says itself what is wrong, beside the fields. */
(() => {
  "use strict";

  const words = {
    401: "Your session has ended. Reload this page, then send it again.",
    409: "Somebody changed this meanwhile. Reload the page to see what it is now.",
    offline: "You are offline, so nothing was sent. Check your connection and try again.",
    done: "This is saved, but the page that follows could not be shown. Reload this page to see it.",
    unheard: "We did not hear back, so we cannot say whether this was saved. Reload the page in a minute and look, before you send it again.",
    other: "Something went wrong on our side. Nothing was changed. Try again in a minute.",
  };

  function say(text) {
    const box = document.getElementById("say");
    box.textContent = text;
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  }

  function inShort(html) {
    const alert = new DOMParser().parseFromString(html, "text/html").querySelector("main [role=alert]");
    return alert ? [...alert.querySelectorAll("h2, p")].map((part) => part.textContent.trim().replace(/[^.?!]$/, "$&.")).join(" ") : "";
  }

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const next = page.querySelector("main");
    if (!next) return false;
    watch(null);
    document.title = page.title;
    document.querySelector("main").replaceWith(document.adoptNode(next));
    const wrong = next.querySelector("[aria-invalid=true]");
    const notice = next.querySelector("[data-notice]");
    const here = notice && notice.dataset.notice === "here";
    (wrong || notice || next).focus({ preventScroll: here });
    if (here) notice.scrollIntoView({ block: "center" });
    else if (!wrong) window.scrollTo(0, 0);
    start();
    return true;
  }

  async function send(form, button) {
    const data = new FormData(form, button);
    const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
    const busy = (on) => {
      if (button) button.setAttribute("aria-busy", String(on));
      if (window.shopify && shopify.loading) shopify.loading(on);
    };
    busy(true);
    const buttons = [...form.elements].filter((part) => (part.type === "submit" || part.type === "reset") && !part.disabled);
    buttons.forEach((b) => { b.disabled = true; });
    const free = () => buttons.forEach((b) => { b.disabled = false; });
    // A page that comes back by the back button, or is reloaded, comes back as it was left.
    window.addEventListener("pagehide", free, { once: true });
    document.getElementById("say").hidden = true;
    const wasOnline = navigator.onLine;
    try {
      const action = (button && button.getAttribute("formaction")) || form.getAttribute("action") || location.pathname;
      const answer = await fetch(action, { method: "POST", body, headers: { Accept: "text/html" } });
      const html = await answer.text();
      const isDone = answer.redirected;
      if (isDone && answer.ok && answer.url !== location.href) history.pushState(null, "", answer.url);
      shown = address();
      // A page that says what failed would take what was typed with it: its words stand above the form instead.
      if (isDone && !answer.ok) say(words.done);
      else if (answer.status >= 500 || answer.status === 413) say(inShort(html) || words.unheard);
      else if (answer.status !== 401 && show(html)) return;
      else say(words[answer.status] || words.other);
    } catch (error) {
      // Only what was never sent is known to have changed nothing.
      say(wasOnline ? words.unheard : words.offline);
    } finally {
      busy(false);
    }
    free();
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    event.preventDefault();
    if (form !== guarded && !(await mayLeave())) return;
    send(form, event.submitter);
  });

  /* data-guarded: a form whose changes must not be lost, with the one save bar: App Bridge's where there is one, else our
     own. The value "changed" means that the server sent it back with what was typed. Fields whose names begin with
     "preview" choose what is shown beside it, and are no change. */
  let guarded = null;
  let before = "";
  let barShows = false;

  const asText = (form) => [...new URLSearchParams(new FormData(form))].filter(([name]) => !name.startsWith("preview")).join("\n");
  const isChanged = () => Boolean(guarded) && guarded.isConnected && (guarded.dataset.guarded === "changed" || asText(guarded) !== before);
  const bridgesBar = () => (window.shopify && window.shopify.saveBar && document.querySelector("ui-save-bar:defined") ? window.shopify.saveBar : null);

  function watch(form) {
    guarded = form;
    before = form ? asText(form) : "";
    showBar();
  }

  function showBar() {
    const changed = isChanged();
    const bar = bridgesBar();
    if (guarded) guarded.classList.toggle("changed", changed && !bar);
    if (bar && changed !== barShows) {
      barShows = changed;
      Promise.resolve(changed ? bar.show("save-bar") : bar.hide("save-bar")).catch(() => undefined);
    }
  }

  async function mayLeave() {
    if (!isChanged()) return true;
    const bar = bridgesBar();
    try {
      if (bar) await bar.leaveConfirmation();
      else if (!window.confirm("You have changes that are not saved. Leave them?")) return false;
    } catch (stays) {
      return false;
    }
    watch(null);
    return true;
  }

  /* Where App Bridge has the bar, the admin asks. */
  window.addEventListener("beforeunload", (event) => { if (!bridgesBar() && isChanged()) event.preventDefault(); });

  /* App Bridge asks before its own menu leads away; links of the page are ours to ask about. */
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !bridgesBar() || !isChanged() || link.target || link.hasAttribute("download") || "saves" in link.dataset) return;
    if (link.origin !== location.origin || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    if (await mayLeave()) location.assign(link.href);
  });

  document.addEventListener("reset", (event) => {
    const form = event.target;
    if (form === guarded && form.dataset.guarded === "changed") {
      event.preventDefault();
      watch(null);
      location.reload();
      return;
    }
    setTimeout(() => { if (form === guarded) showBar(); follow(form); });
  });

  /* data-saves: a file that needs our token. Without script App Bridge's own page fetches one on the way. */
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-saves]");
    if (!link) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy") === "true") return;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) throw new Error(String(answer.status));
      const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await answer.blob());
      file.download = named ? named[1] : "";
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    } catch (error) {
      say("The file could not be made. Nothing was changed. Try again in a minute.");
    }
    link.removeAttribute("aria-busy");
  });

  /* The browser's own back button: pages come from the server, never from our memory. A link within a page is none. */
  const address = () => location.pathname + location.search;
  let shown = address();
  window.addEventListener("popstate", () => { if (address() !== shown) location.reload(); });

  /* data-follow="/path": the named box shows what the server makes of the form as it stands. */
  let typing;
  let asking;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (form === guarded) showBar();
    clearTimeout(typing);
    typing = setTimeout(() => follow(form), 250);
  });

  async function follow(form) {
    const box = form.dataset.follow && document.getElementById(form.dataset.shows);
    if (!box) return;
    if (asking) asking.abort();
    asking = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.follow, { method: "POST", body, signal: asking.signal }).catch(() => null);
    if (!answer || !answer.ok) return;
    const text = await answer.text().catch(() => "");
    if (!text) return;
    const wereOpen = [...box.querySelectorAll("details")].map((part) => part.open);
    box.innerHTML = text;
    box.querySelectorAll("details").forEach((part, n) => { part.open = Boolean(wereOpen[n]); });
  }

  /* data-poll="/path": asked every two seconds until the answer no longer carries data-poll; then the page is loaded
     again, but for a box with data-stay: something may have been typed there. */
  let polling;
  async function poll(box) {
    const answer = await fetch(box.dataset.poll).catch(() => null);
    if (!document.contains(box)) return;
    if (answer && answer.ok) {
      const holder = document.createElement("div");
      holder.innerHTML = await answer.text();
      const next = holder.firstElementChild;
      if (next && !next.dataset.poll && !("stay" in box.dataset)) { location.reload(); return; }
      if (next) box.replaceWith(next);
    }
    polling = setTimeout(start, 2000);
  }

  /* App Bridge knows whether the block stands in the published theme; the server remembers it. */
  async function reportBadge(box) {
    if (!window.shopify || !shopify.app || !shopify.app.extensions) return;
    const extensions = await shopify.app.extensions();
    const active = extensions.some((e) => (e.activations || []).some((a) => a.status === "active"));
    const body = new URLSearchParams({ active: active ? "yes" : "no" });
    const answer = await fetch(box.dataset.badgeReport, { method: "POST", body });
    if (!answer.ok || !box.isConnected) return;
    const text = await answer.text();
    // In the list of first steps a tick and a count hang on it.
    if (text !== box.textContent && box.closest(".steps")) location.reload();
    else box.textContent = text;
  }

  let started;
  function start() {
    clearTimeout(polling);
    const box = document.querySelector("[data-poll]");
    if (box) polling = setTimeout(() => poll(box), 2000);
    const badge = document.querySelector("[data-badge-report]");
    if (badge && badge !== started) { started = badge; reportBadge(badge).catch(() => undefined); }
    const form = document.querySelector("form[data-guarded]");
    if (form !== guarded) watch(form);
  }

  // The page loads this before its body, so that no form stands there without us.
  document.addEventListener("DOMContentLoaded", start);
})();
