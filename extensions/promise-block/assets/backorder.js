/*
 * Keeps the badge in step with the chosen variant. The server has written every variant's lines into the block, so nothing
 * is asked of anyone, except for products of more than 250 variants, whose section is fetched again.
 */
(() => {
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  const PATIENCE_MS = 8000;
  const SETTLED_MS = 700;
  const bare = (id) => String(id ?? '').split('/').pop();
  // What each place on the page said last: a theme may put a new element there instead of changing the old one.
  const saidIn = new Map();
  let forms = 0;

  class HoldfastPromise extends HTMLElement {
    connectedCallback() {
      this.off = new AbortController();
      this.turn = 0;
      this.isTold = false;
      this.listen();
      this.attach();
      const before = saidIn.get(this.place());
      this.choose(this.formVariant() || this.dataset.variant);
      // A new live region is not read out, a change of its content is: the same text once more.
      if (before !== undefined && before !== this.text()) requestAnimationFrame(() => this.put(this.lines()));
      if (document.readyState !== 'complete') {
        // The theme's own scripts and forms may come after us.
        this.on(window, 'load', () => { this.listenToDawn(); this.attach(); });
      }
    }

    disconnectedCallback() {
      this.off.abort();
      this.dawn?.();
      this.dawn = null;
      clearTimeout(this.timer);
    }

    place() {
      return `${this.dataset.section} ${this.dataset.block} ${this.dataset.product}`;
    }

    read(root) {
      const map = root.querySelector('[data-hf-variants]');
      this.variants = map ? JSON.parse(map.textContent) : {};
    }

    on(target, type, act) {
      target.addEventListener(type, act, { signal: this.off.signal });
    }

    listen() {
      // Standard storefront event (2026): the answer comes later, and only the newest choice counts.
      this.on(document, 'shopify:product:select', (event) => {
        if (bare(event.product?.id) !== this.dataset.product || !this.isNearest(event.target)) return;
        this.isTold = true;
        const turn = ++this.turn;
        Promise.resolve(event.promise).then(
          (answer) => { if (turn === this.turn) this.choose(bare(answer?.variant?.id)); },
          () => { if (turn === this.turn) this.choose(this.formVariant()); },
        );
      });
      // Horizon before that.
      this.on(document, 'variant:update', (event) => {
        const { resource, data } = event.detail ?? {};
        if (data?.productId ? bare(data.productId) !== this.dataset.product : !this.around().contains(event.target)) return;
        if (this.isNearest(event.target)) this.choose(bare(resource?.id));
      });
      this.listenToDawn();
      // Every other theme: the field that will be sent, read after the theme's own handlers have had their turn.
      this.on(document, 'change', (event) => {
        const form = event.target.form;
        if (this.isTold || !this.isConnected) return;
        if (form && this.isOurs(form) ? !this.isNearest(form) : !this.around().contains(event.target)) return;
        const before = this.formVariant();
        setTimeout(() => this.isConnected && this.follow());
        clearTimeout(this.settling);
        this.settling = setTimeout(() => this.isConnected && this.settle(before), SETTLED_MS);
      });
      this.on(window, 'popstate', () => setTimeout(() => this.isConnected && this.follow()));
      // A page that comes back from sleep may find that its date has run out meanwhile.
      this.on(window, 'pageshow', () => { this.follow(); this.show(); });
      this.on(document, 'shopify:section:load', (event) => {
        if (!event.target.contains?.(this)) return;
        this.attach();
        this.choose(this.formVariant() || this.dataset.variant);
      });
    }

    listenToDawn() {
      // Dawn's names are globals of its classic scripts; its constant lives outside of window.
      if (this.dawn || typeof window.subscribe !== 'function') return;
      const topic = typeof PUB_SUB_EVENTS === 'undefined' ? 'variant-change' : PUB_SUB_EVENTS.variantChange;
      this.dawn = window.subscribe(topic, ({ data } = {}) => {
        if (data?.sectionId === this.dataset.section) this.choose(bare(data.variant?.id));
      }) ?? (() => {});
    }

    follow() {
      const wanted = this.formVariant() || this.addressVariant();
      if (wanted && wanted !== this.chosen) this.choose(wanted);
    }

    /* Of a combination that is not made Dawn tells nobody: the field keeps the old variant, and the button is shut. */
    settle(before) {
      const button = this.form()?.querySelector('[name="add"], [type="submit"]');
      const isSold = Boolean(this.variants[this.chosen]?.[0]?.property);
      if (isSold && button?.disabled && before === this.formVariant()) this.choose('');
    }

    addressVariant() {
      return new URLSearchParams(location.search).get('variant') ?? '';
    }

    /* Of several badges for this product, the one that shares the closest surroundings with a node answers to it. */
    isNearest(node) {
      const same = `hf-promise[data-product="${this.dataset.product}"]`;
      let at = node instanceof Element ? node : document.documentElement;
      while (at && !at.querySelector(same)) at = at.parentElement;
      return at ? at.contains(this) : true;
    }

    /* The closest surroundings that hold a form of ours; never more than the section. */
    around() {
      const edge = this.closest('.shopify-section') ?? document.body;
      let at = this.parentElement;
      while (at && at !== edge && !this.formsIn(at).length) at = at.parentElement;
      return at ?? edge;
    }

    formsIn(place) {
      return [...place.querySelectorAll('form')].filter((form) => this.isOurs(form));
    }

    isOurs(form) {
      // Attributes, not properties: a field named "id" or "action" hides the form's own.
      if (!form.getAttribute('action')?.includes('/cart/add') || !form.querySelector('[name="id"]')) return false;
      const product = form.querySelector('[name="product-id"]');
      return !product || product.value === this.dataset.product;
    }

    /* The form that buys: themes put a second one, for instalments, before it. */
    form() {
      const found = this.formsIn(this.around());
      return found.find((form) => form.querySelector('[name="add"], [type="submit"]')) ?? found[0];
    }

    formVariant() {
      const field = this.form()?.elements.namedItem('id');
      return field ? bare(field.value) : '';
    }

    /* A block stands outside of the product form, so the field names its form. */
    attach() {
      const form = this.form();
      const field = this.querySelector('input[type="hidden"]');
      if (!form || !field) return;
      if (!form.getAttribute('id')) form.setAttribute('id', `hf-form-${++forms}`);
      field.setAttribute('form', form.getAttribute('id'));
    }

    choose(id) {
      this.chosen = id;
      this.read(this);
      if ('refetch' in this.dataset && id && id !== this.dataset.variant) this.fetchSection(id);
      else this.show();
    }

    async fetchSection(id) {
      const { url, section, block } = this.dataset;
      let fresh = null;
      try {
        const answer = await fetch(`${url.split('?')[0]}?variant=${id}&section_id=${encodeURIComponent(section)}`, {
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        const page = answer.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
        fresh = page?.querySelector(`hf-promise[data-block="${block}"]`);
      } catch {
        // Offline: saying nothing is honest, the old variant's date is not.
      }
      if (id !== this.chosen || !this.isConnected) return;
      const map = this.querySelector('[data-hf-variants]');
      const isFresh = fresh?.dataset.variant === id;
      map.textContent = isFresh ? fresh.querySelector('[data-hf-variants]').textContent : '{}';
      if (isFresh) this.dataset.variant = id;
      else delete this.dataset.variant;
      this.read(this);
      this.show();
    }

    /* The stage that holds now, and a look at the clock when it ends. */
    show() {
      clearTimeout(this.timer);
      const now = Date.now();
      const stage = this.variants[this.chosen]?.find(({ until }) => !until || until * 1000 > now);
      if (stage?.until) this.timer = setTimeout(() => this.show(), Math.min(stage.until * 1000 - now, LONGEST_TIMER_MS));
      this.say(stage);
    }

    lines() {
      return [...this.querySelector('[role="status"]').children].map((line) => line.textContent);
    }

    text() {
      return this.lines().join('\n');
    }

    put(lines) {
      this.querySelector('[role="status"]').replaceChildren(...lines.map((text, at) => {
        const line = document.createElement('p');
        line.className = at ? 'hf-promise__note' : 'hf-promise__line';
        line.textContent = text;
        return line;
      }));
    }

    say(stage) {
      const lines = (stage?.lines ?? []).filter(Boolean);
      if (this.text() !== lines.join('\n')) this.put(lines);
      saidIn.set(this.place(), this.text());
      const field = this.querySelector('input[type="hidden"]');
      field.value = stage?.property ?? '';
      field.disabled = !field.value;
      // A theme that morphs its section takes away what we added.
      this.attach();
    }
  }

  if (!customElements.get('hf-promise')) customElements.define('hf-promise', HoldfastPromise);
})();
