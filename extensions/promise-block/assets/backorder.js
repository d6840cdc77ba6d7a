/*
 * Keeps the badge in step with the chosen variant. The server has written every variant's lines into the block, so nothing
 * is asked of anyone, except for products of more than 250 variants, whose section is fetched again.
 */
(() => {
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  const PATIENCE_MS = 8000;
  const bare = (id) => String(id ?? '').split('/').pop();

  class HoldfastPromise extends HTMLElement {
    connectedCallback() {
      this.off = new AbortController();
      this.turn = 0;
      this.isTold = false;
      this.read(this);
      this.listen();
      this.attach();
      this.choose(this.formVariant() || this.dataset.variant);
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
        if (bare(event.product?.id) !== this.dataset.product) return;
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
        if (data?.productId && bare(data.productId) !== this.dataset.product) return;
        if (!data?.productId && !this.isNear(event.target)) return;
        this.choose(bare(resource?.id));
      });
      this.listenToDawn();
      // Every other theme: the field that will be sent, read after the theme's own handlers have had their turn.
      this.on(document, 'change', (event) => {
        const form = event.target.form;
        const isOurs = form ? this.isOurs(form) : false;
        if (!this.isTold && (isOurs || this.isNear(event.target))) setTimeout(() => this.isConnected && this.follow());
      });
      this.on(window, 'popstate', () => this.choose(this.addressVariant() || this.formVariant()));
      // A page that comes back from sleep may find that its date has run out meanwhile.
      this.on(window, 'pageshow', () => { this.follow(); this.show(); });
      this.on(document, 'shopify:section:load', (event) => {
        if (!event.target.contains?.(this)) return;
        this.read(this);
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

    addressVariant() {
      return new URLSearchParams(location.search).get('variant') ?? '';
    }

    isNear(node) {
      const section = this.closest('.shopify-section') ?? document.body;
      return section.contains(node);
    }

    isOurs(form) {
      // Attributes, not properties: a field named "id" or "action" hides the form's own.
      if (!form.getAttribute('action')?.includes('/cart/add') || !form.querySelector('[name="id"]')) return false;
      const product = form.querySelector('[name="product-id"]');
      return product ? product.value === this.dataset.product : this.isNear(form);
    }

    /* The form that buys: themes put a second one, for instalments, before it. */
    form() {
      const forms = [...document.forms].filter((form) => this.isOurs(form));
      return forms.find((form) => form.querySelector('[name="add"], [type="submit"]')) ?? forms[0];
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
      if (!form.getAttribute('id')) form.setAttribute('id', `${this.id}-form`);
      field.setAttribute('form', form.getAttribute('id'));
    }

    choose(id) {
      this.chosen = id;
      if ('refetch' in this.dataset && id && id !== this.dataset.variant) this.fetchSection(id);
      else this.show();
    }

    async fetchSection(id) {
      const address = `${location.pathname}?variant=${id}&section_id=${encodeURIComponent(this.dataset.section)}`;
      let fresh = null;
      try {
        const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
        if (answer.ok) fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(this.id);
      } catch {
        // Offline: saying nothing is honest, the old variant's date is not.
      }
      if (id !== this.chosen || !this.isConnected) return;
      this.variants = {};
      if (fresh?.dataset.variant === id) {
        this.read(fresh);
        this.dataset.variant = id;
      } else {
        delete this.dataset.variant;
      }
      this.show();
    }

    show() {
      clearTimeout(this.timer);
      const entry = this.variants[this.chosen];
      const left = entry?.until ? entry.until * 1000 - Date.now() : Infinity;
      if (left < Infinity && left > 0) this.timer = setTimeout(() => this.show(), Math.min(left, LONGEST_TIMER_MS));
      this.say(left <= 0 ? entry.late : entry);
    }

    say(entry) {
      const lines = (entry?.lines ?? []).filter(Boolean);
      const place = this.querySelector('[role="status"]');
      const now = [...place.children].map((line) => line.textContent);
      if (now.join('\n') !== lines.join('\n')) {
        place.replaceChildren(...lines.map((text, at) => {
          const line = document.createElement('p');
          line.className = at ? 'hf-promise__note' : 'hf-promise__line';
          line.textContent = text;
          return line;
        }));
      }
      const field = this.querySelector('input[type="hidden"]');
      field.value = entry?.property ?? '';
      field.disabled = !field.value;
    }
  }

  if (!customElements.get('hf-promise')) customElements.define('hf-promise', HoldfastPromise);
})();
