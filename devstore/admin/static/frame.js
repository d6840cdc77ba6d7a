/* The admin's side of the frame: answers App Bridge, shows where the app is, its menu, its toasts and its save bar. */
(() => {
  'use strict';
  const frame = document.getElementById('app-frame');
  const { own, base, adminBase } = JSON.parse(document.getElementById('frame-data').textContent);
  const APP = new URL(frame.src).origin;
  const bar = document.getElementById('save-bar');
  const toast = document.getElementById('toast');
  const loading = document.getElementById('loading');
  let toastTimer;

  async function server(question, body = {}) {
    const answer = await fetch(`${base}/-/${question}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`the admin answered ${answer.status}`);
    return answer.json();
  }

  async function open(path) {
    if (!mayLeave()) return;
    frame.src = (await server('launch', { path })).url;
  }

  function mayLeave() {
    if (bar.hidden) return true;
    const isFine = window.confirm('Leave page with unsaved changes?');
    if (isFine) bar.hidden = true;
    return isFine;
  }

  const answers = {
    hello: () => ({ config: { apiKey: own.apiKey, shop: own.shop, host: own.host, locale: own.locale }, user: own.user }),
    idToken: async () => (await server('id-token')).token,
    scopes: () => server('scopes'),
    async requestScopes(scopes) {
      const isFine = window.confirm(`Grant the app these permissions?\n${scopes.join('\n')}`);
      const detail = isFine ? await server('grant', { scopes }) : await server('scopes');
      return { result: isFine ? 'granted-all' : 'declined-all', detail };
    },
    extensions: () => server('extensions'),
    toast(message, { duration, isError }) {
      toast.textContent = message;
      toast.classList.toggle('bad', isError);
      toast.hidden = false;
      clearTimeout(toastTimer);
      toastTimer = setTimeout(() => { toast.hidden = true; }, duration);
    },
    hideToast() { toast.hidden = true; },
    loading(isOn) { loading.hidden = !isOn; },
    saveBar(isOn) { bar.hidden = !isOn; },
    leave() { if (!mayLeave()) throw new Error('the merchant stays'); },
    place(path, title) {
      loading.hidden = true;
      const shown = base + (path === '/' ? '' : path);
      if (location.pathname + location.search !== shown) history.replaceState(null, '', shown);
      document.title = `${title} · ${document.body.dataset.shop}`;
      mark(path.split(/[?#]/)[0]);
    },
    menu(links) {
      const menu = document.getElementById('app-menu');
      menu.replaceChildren(...links.map(({ path, text }) => {
        const link = document.createElement('a');
        link.href = base + path;
        link.textContent = text;
        link.addEventListener('click', (event) => { event.preventDefault(); document.body.classList.remove('menu-open'); open(path); });
        return link;
      }));
      mark(location.pathname.slice(base.length) || '/');
    },
    admin(path) { if (mayLeave()) location.assign(`${adminBase}/${path}`); },
  };

  function mark(path) {
    document.querySelectorAll('#app-menu a').forEach((link) => {
      const own = link.getAttribute('href').slice(base.length);
      link.toggleAttribute('aria-current', path === own || path.startsWith(`${own}/`));
    });
  }

  window.addEventListener('message', async (event) => {
    if (event.source !== frame.contentWindow || event.origin !== APP || event.data?.devstore !== 1) return;
    const { id, call, args } = event.data;
    if (!Object.hasOwn(answers, call)) return;
    let answer;
    try {
      answer = { devstore: 1, id, result: await answers[call](...args) };
    } catch (problem) {
      answer = { devstore: 1, id, error: problem.message };
    }
    frame.contentWindow.postMessage(answer, APP);
  });

  const send = (name) => frame.contentWindow.postMessage({ devstore: 1, event: name }, APP);
  document.getElementById('save').addEventListener('click', () => send('save'));
  document.getElementById('discard').addEventListener('click', () => send('discard'));
  document.getElementById('app-home').addEventListener('click', (event) => { event.preventDefault(); open('/'); });
  window.addEventListener('beforeunload', (event) => { if (!bar.hidden) event.preventDefault(); });
})();
