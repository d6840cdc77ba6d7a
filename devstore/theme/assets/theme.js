// The variant picker. How it tells others that the variant changed depends on the theme's generation: see tellers below.
(() => {
  const subscribers = {};
  window.PUB_SUB_EVENTS = { variantChange: 'variant-change', cartUpdate: 'cart-update', optionValueSelectionChange: 'option-value-selection-change' };
  window.subscribe = (name, callback) => {
    (subscribers[name] ||= new Set()).add(callback);
    return () => subscribers[name].delete(callback);
  };
  window.publish = (name, data) => (subscribers[name] || []).forEach((callback) => callback(data));

  const gid = (kind, id) => `gid://shopify/${kind}/${id}`;

  const family = () => document.body.dataset.family;

  const withLooks = (address) => {
    const url = new URL(address, location.origin);
    const now = new URLSearchParams(location.search);
    for (const kept of ['theme', 'family', 'scheme', 'block']) if (now.has(kept)) url.searchParams.set(kept, now.get(kept));
    return url;
  };

  /* The section anew; null when something else was chosen before the answer came. */
  async function fetchSection(product, variant) {
    const turn = product.turn = (product.turn || 0) + 1;
    const url = withLooks(product.dataset.url);
    if (variant) url.searchParams.set('variant', variant.id);
    url.searchParams.set('section_id', product.dataset.originalSection);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`section not rendered: ${answer.status}`);
    const { originalSection, section } = product.dataset;
    const html = await answer.text();
    return turn === product.turn ? html.replaceAll(originalSection, section) : null;
  }

  const parse = (html) => new DOMParser().parseFromString(html, 'text/html').querySelector('[data-product].product');
  const partOf = (root, part) => root.querySelector(`[data-part="${part}"]`);
  const swap = (product, fresh, parts) => parts.forEach((part) => { partOf(product, part).innerHTML = partOf(fresh, part).innerHTML; });

  /* Horizon keeps the nodes that are there and makes them equal to the new ones. */
  function morph(from, to) {
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) { from.replaceWith(to.cloneNode(true)); return; }
    if (from.nodeType !== Node.ELEMENT_NODE) { if (from.data !== to.data) from.data = to.data; return; }
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
    for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    const [old, fresh] = [[...from.childNodes], [...to.childNodes]];
    fresh.forEach((node, at) => (old[at] ? morph(old[at], node) : from.append(node.cloneNode(true))));
    old.slice(fresh.length).forEach((node) => node.remove());
  }

  /* Dawn swaps known nodes and the picker, whose focus it gives back; blocks stay as they were. Horizon morphs all of it. */
  function renew(product, html, withBlocks = false) {
    const fresh = parse(html);
    if (family() === 'horizon') {
      for (const part of ['price', 'buy', 'sku', 'blocks']) morph(partOf(product, part), partOf(fresh, part));
      return fresh;
    }
    swap(product, fresh, ['price', 'buy', 'sku', ...(withBlocks ? ['blocks'] : [])]);
    const focused = document.activeElement?.id;
    product.querySelector('.picker').innerHTML = fresh.querySelector('.picker').innerHTML;
    if (focused && product.querySelector('.picker').contains(document.getElementById(focused))) document.getElementById(focused).focus();
    return fresh;
  }

  function shut(product) {
    const button = product.querySelector('[name="add"]');
    button.disabled = true;
    button.textContent = '–';
  }

  const tellers = {
    // Standard storefront events: fields on the event itself, the answer behind event.promise.
    standard(product, variant, picked) {
      const event = new Event('shopify:product:select', { bubbles: true });
      event.product = { id: gid('Product', product.dataset.product), title: product.dataset.title, handle: product.dataset.handle };
      event.selectedOptions = picked;
      if (!variant) shut(product);
      event.promise = !variant ? Promise.resolve({ variant: null }) : fetchSection(product, variant).then((html) => {
        if (html) renew(product, html);
        return { variant: {
          id: gid('ProductVariant', variant.id),
          title: variant.title,
          availableForSale: variant.available,
          price: { amount: (variant.price / 100).toFixed(2), currencyCode: window.Shopify.currency.active },
          selectedOptions: picked,
        } };
      });
      product.dispatchEvent(event);
    },
    // Dawn: fetch the section again, publish; of a combination that is not made it tells nobody.
    async dawn(product, variant) {
      if (!variant) { shut(product); return; }
      const html = await fetchSection(product, variant);
      if (!html) return;
      const fresh = renew(product, html);
      product.querySelectorAll('input[name="id"]').forEach((field) => field.dispatchEvent(new Event('change', { bubbles: true })));
      publish(PUB_SUB_EVENTS.variantChange, { data: { sectionId: product.dataset.section, html: fresh, variant } });
    },
    // Horizon before the standard events; a rough theme of its age replaces app blocks too.
    async horizon(product, variant) {
      product.dispatchEvent(new CustomEvent('variant:selected', { bubbles: true, detail: { resource: { id: variant && variant.id } } }));
      const html = await fetchSection(product, variant);
      if (!html) return;
      const fresh = renew(product, html, true);
      product.dispatchEvent(new CustomEvent('variant:update', {
        bubbles: true,
        detail: { resource: variant, sourceId: product.dataset.section, data: { html: fresh, productId: product.dataset.product } },
      }));
    },
  };

  function start(product) {
    const picker = product.querySelector('.picker');
    if (!picker) return;
    const variants = JSON.parse(product.querySelector('[data-variants]').textContent);
    const names = [...picker.querySelectorAll('legend')].map((legend) => legend.firstChild.textContent.replace(/:\s*$/, ''));
    const chosen = () => [...picker.querySelectorAll('input:checked')].map((input) => input.value);
    const find = (values) => variants.find((variant) => values.every((value, place) => variant.options[place] === value)) || null;

    function markGone() {
      const now = chosen();
      [...picker.querySelectorAll('fieldset')].forEach((group, place) => group.querySelectorAll('.choice').forEach((label) => {
        const variant = find(now.map((value, at) => (at === place ? label.querySelector('input').value : value)));
        label.classList.toggle('gone', !variant || !variant.available);
      }));
    }

    picker.addEventListener('change', async () => {
      const values = chosen();
      const variant = find(values);
      values.forEach((value, place) => { picker.querySelector(`[data-picked="${place + 1}"]`).textContent = value; });
      if (variant) {
        product.querySelectorAll('input[name="id"]').forEach((field) => { field.value = variant.id; });
        const picture = partOf(product, 'picture');
        picture.src = variant.image.src;
        picture.alt = variant.image.alt;
        if ('updateUrl' in product.dataset) {
          const url = new URL(location.href);
          url.searchParams.set('variant', variant.id);
          history.replaceState({}, '', url);
        }
      }
      await tellers[document.body.dataset.variantEvents](product, variant, values.map((value, place) => ({ name: names[place], value })));
      markGone();
    });
    new MutationObserver(markGone).observe(picker, { childList: true });
    markGone();
  }

  /* Quick buy: the product's page is fetched and its section put into a window. Dawn renames the section's ids and runs its
     scripts again; Horizon moves the markup alone. */
  async function quickBuy(address) {
    const dialog = document.querySelector('.quick-buy');
    const answer = await fetch(withLooks(address));
    let html = await answer.text();
    const product = parse(html);
    const id = product.dataset.section;
    if (family() === 'dawn') html = product.outerHTML.replaceAll(id, `quickadd-${id}`).replace(`data-original-section="quickadd-${id}"`, `data-original-section="${id}"`);
    const content = dialog.querySelector('[data-quick-content]');
    content.innerHTML = family() === 'dawn' ? html : product.outerHTML;
    if (family() === 'dawn') {
      content.querySelectorAll('script').forEach((dead) => {
        const live = document.createElement('script');
        for (const { name, value } of dead.attributes) live.setAttribute(name, value);
        live.textContent = dead.textContent;
        dead.replaceWith(live);
      });
    }
    delete content.firstElementChild.dataset.updateUrl;
    content.querySelectorAll('h1').forEach((head) => { const title = document.createElement('h2'); title.textContent = head.textContent; head.replaceWith(title); });
    dialog.showModal();
    start(content.firstElementChild);
  }

  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-quick]');
    if (opener) quickBuy(opener.dataset.quick);
    if (event.target.closest('[data-close]')) event.target.closest('dialog').close();
  });

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('[data-product].product').forEach((product) => {
      start(product);
      if (document.body.dataset.variantEvents !== 'standard' || !('updateUrl' in product.dataset)) return;
      const view = new Event('shopify:product:view', { bubbles: true });
      view.product = { id: gid('Product', product.dataset.product), title: product.dataset.title, handle: product.dataset.handle };
      view.context = 'page';
      product.dispatchEvent(view);
    });
  });
})();
