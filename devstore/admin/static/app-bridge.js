/* A stand-in for App Bridge, for developing without Shopify. It talks to the devstore admin that served it and to nobody
   else: outside that admin's frame it offers no ID token, so a page that loads it elsewhere stays signed out.

   Messages to the admin:   {devstore: 1, id, call, args}       answered by {devstore: 1, id, result} or {…, error}
   Messages from the admin: {devstore: 1, event, ...}           save, discard */
(() => {
  'use strict';
  const tag = document.currentScript;
  const ADMIN = new URL(tag.src).origin;
  const RELOAD = 'shopify-reload';
  const LAUNCH = ['shop', 'host', 'hmac', 'timestamp', 'locale', 'session', 'embedded', 'id_token', 'protocol', 'appLoadId'];
  const isFramed = window.parent !== window;
  const apiKey = tag.dataset.apiKey || document.querySelector('meta[name="shopify-api-key"]')?.content || '';

  // --- The wire: only the parent, only at the origin this script came from ---
  const waiting = new Map();
  let lastId = 0;

  function ask(call, ...args) {
    if (!isFramed) return Promise.reject(new Error('App Bridge stand-in: not inside the devstore admin'));
    const id = ++lastId;
    window.parent.postMessage({ devstore: 1, id, call, args }, ADMIN);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  const tell = (call, ...args) => { ask(call, ...args).catch(() => {}); };

  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.origin !== ADMIN || event.data?.devstore !== 1) return;
    if (event.data.event) return heard(event.data);
    const { resolve, reject } = waiting.get(event.data.id) || {};
    waiting.delete(event.data.id);
    if (event.data.error) reject?.(new Error(event.data.error));
    else resolve?.(event.data.result);
  });

  // --- window.shopify ---
  const given = new URLSearchParams(location.search);
  const config = { apiKey, shop: given.get('shop') || '', host: given.get('host') || '', locale: given.get('locale') || 'en' };
  const ready = ask('hello').then((about) => { Object.assign(config, about.config); return about; });
  ready.catch((problem) => console.warn(problem.message));

  const idToken = () => ask('idToken');
  let bar = null;

  window.shopify = {
    config,
    ready: ready.then(() => undefined),
    idToken,
    origin: ADMIN,
    toast: {
      show(message, options = {}) { tell('toast', String(message), { duration: 5000, isError: false, ...options }); return String(++lastId); },
      hide() { tell('hideToast'); },
    },
    loading(isOn = true) { tell('loading', Boolean(isOn)); },
    saveBar: {
      show: async (id) => showBar(byId(id)),
      hide: async () => hideBar(),
      toggle: async (id) => (bar ? hideBar() : showBar(byId(id))),
      leaveConfirmation: () => (bar ? ask('leave') : Promise.resolve()),
    },
    modal: {
      show: async (id) => byId(id).show(),
      hide: async (id) => byId(id).hide(),
      toggle: async (id) => byId(id).toggle(),
    },
    scopes: { query: () => ask('scopes'), request: (scopes) => ask('requestScopes', [...scopes]) },
    app: { extensions: () => ask('extensions') },
    user: () => ready.then((about) => about.user),
    environment: { embedded: isFramed, mobile: false, intent: false, pos: false },
  };
  ready.catch(() => {});
  window.shopify.ready.catch(() => {});

  function byId(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`App Bridge stand-in: no element with the id ${id}`);
    return found;
  }

  // --- The bounce page: nothing but this script and the address to come back to ---
  if (given.has(RELOAD)) {
    const target = new URL(given.get(RELOAD), location.origin);
    if (target.origin !== location.origin) throw new Error('App Bridge stand-in: shopify-reload leads to another origin');
    idToken().then((token) => {
      target.searchParams.set('id_token', token);
      location.replace(target);
    });
    return;
  }

  // --- fetch: the token goes along to our own origin; asked to, we come back once with a new one ---
  const plainFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const asked = new Request(input, init);
    if (new URL(asked.url).origin !== location.origin || asked.headers.has('Authorization')) return plainFetch(asked);
    const answer = await plainFetch(await signed(asked.clone()));
    const elsewhere = answer.headers.get('X-Shopify-API-Request-Failure-Reauthorize-Url');
    if (elsewhere) window.open(new URL(elsewhere, location.origin), '_top');
    const isStale = answer.status === 401 && answer.headers.get('X-Shopify-Retry-Invalid-Session-Request');
    return isStale ? plainFetch(await signed(asked)) : answer;
  };

  async function signed(request) {
    const headers = new Headers(request.headers);
    headers.set('Authorization', `Bearer ${await idToken()}`);
    headers.set('X-Requested-With', 'XMLHttpRequest');
    return new Request(request, { headers });
  }

  // --- Where we are: the admin shows it in its own address ---
  function here() {
    const url = new URL(location.href);
    LAUNCH.forEach((name) => url.searchParams.delete(name));
    return url.pathname + url.search + url.hash;
  }

  function tellPlace() {
    tell('place', here(), document.title);
    tell('menu', [...document.querySelectorAll('s-app-nav a, s-app-nav s-link, ui-nav-menu a')]
      .filter((link) => link.getAttribute('rel') !== 'home')
      .map((link) => ({ path: link.getAttribute('href'), text: link.textContent.trim() })));
  }

  for (const name of ['pushState', 'replaceState']) {
    const plain = history[name].bind(history);
    history[name] = (...args) => { plain(...args); tellPlace(); };
  }
  window.addEventListener('popstate', tellPlace);

  // Links that leave the frame: shopify: addresses, the shop's admin, anything for _top.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href], s-link[href], s-button[href]');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey) return;
    const href = link.getAttribute('href');
    const admin = href.match(/^shopify:(?:\/\/)?admin\/(.*)$/) || href.match(/^https:\/\/[a-z0-9-]+\.myshopify\.com\/admin\/(.*)$/);
    if (admin) {
      event.preventDefault();
      tell('admin', admin[1]);
    } else if (link.tagName !== 'A') {
      event.preventDefault();
      location.assign(href);
    }
  });

  const plainOpen = window.open.bind(window);
  window.open = (url, target, ...rest) => {
    const admin = String(url).match(/^(?:shopify:(?:\/\/)?|https:\/\/[a-z0-9-]+\.myshopify\.com\/)admin\/(.*)$/);
    if (!admin) return plainOpen(url, target, ...rest);
    tell('admin', admin[1]);
    return null;
  };

  // --- Save bar: a form with data-save-bar, or a ui-save-bar element ---
  function showBar(owner) {
    if (bar === owner) return;
    bar = owner;
    tell('saveBar', true);
  }

  function hideBar() {
    if (!bar) return;
    bar = null;
    tell('saveBar', false);
  }

  const isChanged = (form) => new URLSearchParams(new FormData(form)).toString() !== form.devstoreBefore;
  const remember = (form) => { form.devstoreBefore = new URLSearchParams(new FormData(form)).toString(); };

  function watch(form) {
    remember(form);
    const look = () => (isChanged(form) ? showBar(form) : bar === form && hideBar());
    form.addEventListener('input', look);
    form.addEventListener('change', look);
    form.addEventListener('submit', () => { remember(form); hideBar(); });
    form.addEventListener('reset', () => setTimeout(() => { remember(form); hideBar(); form.dispatchEvent(new Event('input', { bubbles: true })); }));
  }

  function heard({ event }) {
    if (!bar || !['save', 'discard'].includes(event)) return;
    if (bar instanceof HTMLFormElement) return event === 'save' ? bar.requestSubmit() : bar.reset();
    bar.querySelector(event === 'save' ? 'button[variant="primary"]' : 'button:not([variant="primary"])')?.click();
  }

  customElements.define('ui-save-bar', class extends HTMLElement {
    connectedCallback() { this.hidden = true; }
    show() { showBar(this); }
    hide() { hideBar(); }
  });

  // --- Modals: shown inside the frame ---
  customElements.define('ui-modal', class extends HTMLElement {
    connectedCallback() { this.hidden = true; }
    show() {
      this.dialog ||= this.build();
      this.hidden = false;
      this.dialog.showModal();
    }
    hide() { this.dialog?.close(); }
    toggle() { if (this.dialog?.open) this.hide(); else this.show(); }
    build() {
      const dialog = document.createElement('dialog');
      dialog.style.cssText = 'border:0;border-radius:12px;padding:16px;max-width:min(620px,92vw)';
      dialog.append(...this.childNodes);
      dialog.addEventListener('close', () => { this.hidden = true; });
      this.append(dialog);
      return dialog;
    }
  });

  // --- Pages that replace parts of themselves bring new forms: watch those too ---
  function begin() {
    const style = document.createElement('style');
    style.textContent = 's-app-nav, ui-nav-menu { display: none }';
    document.head.append(style);
    const watchAll = () => {
      document.querySelectorAll('form[data-save-bar]').forEach((form) => {
        if (form.devstoreBefore === undefined) watch(form);
      });
      if (bar && !bar.isConnected) hideBar();
    };
    watchAll();
    new MutationObserver(watchAll).observe(document.body, { childList: true, subtree: true });
    tellPlace();
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
})();
