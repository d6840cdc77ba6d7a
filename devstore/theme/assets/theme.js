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

  async function fetchSection(product, variant) {
    const url = new URL(product.dataset.url, location.origin);
    const now = new URLSearchParams(location.search);
    for (const kept of ['theme', 'block']) if (now.has(kept)) url.searchParams.set(kept, now.get(kept));
    if (variant) url.searchParams.set('variant', variant.id);
    url.searchParams.set('section_id', product.dataset.section);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`section not rendered: ${answer.status}`);
    return answer.text();
  }

  const parse = (html) => new DOMParser().parseFromString(html, 'text/html').querySelector('[data-product]');
  const swap = (product, fresh, parts) => {
    for (const part of parts) {
      product.querySelector(`[data-part="${part}"]`).innerHTML = fresh.querySelector(`[data-part="${part}"]`).innerHTML;
    }
  };

  const tellers = {
    // Standard storefront events: fields on the event itself, the answer behind event.promise.
    standard(product, variant, picked) {
      const event = new Event('shopify:product:select', { bubbles: true });
      event.product = { id: gid('Product', product.dataset.product), title: product.dataset.title, handle: product.dataset.handle };
      event.selectedOptions = picked;
      event.promise = fetchSection(product, variant).then((html) => {
        swap(product, parse(html), ['price', 'buy', 'sku']);
        return { variant: variant && {
          id: gid('ProductVariant', variant.id),
          title: variant.title,
          availableForSale: variant.available,
          price: { amount: (variant.price / 100).toFixed(2), currencyCode: window.Shopify.currency.active },
          selectedOptions: picked,
        } };
      });
      product.dispatchEvent(event);
    },
    // Dawn: fetch the section again, swap known nodes only (app blocks stay as they were), publish.
    async dawn(product, variant) {
      const html = await fetchSection(product, variant);
      swap(product, parse(html), ['price', 'buy', 'sku']);
      product.querySelector('input[name="id"]').dispatchEvent(new Event('change', { bubbles: true }));
      publish(PUB_SUB_EVENTS.variantChange, { data: { sectionId: product.dataset.section, html: parse(html), variant } });
    },
    // Horizon before the standard events: everything is replaced, app blocks too.
    async horizon(product, variant) {
      product.dispatchEvent(new CustomEvent('variant:selected', { bubbles: true, detail: { resource: { id: variant && variant.id } } }));
      const html = await fetchSection(product, variant);
      swap(product, parse(html), ['price', 'buy', 'sku', 'blocks']);
      document.dispatchEvent(new CustomEvent('variant:update', {
        detail: { resource: variant, sourceId: product.dataset.section, data: { html: parse(html), productId: product.dataset.product } },
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

    picker.addEventListener('change', () => {
      const values = chosen();
      const variant = find(values);
      values.forEach((value, place) => { picker.querySelector(`[data-picked="${place + 1}"]`).textContent = value; });
      markGone();
      if (variant) {
        product.querySelector('input[name="id"]').value = variant.id;
        const picture = product.querySelector('[data-part="picture"]');
        picture.src = variant.image.src;
        picture.alt = variant.image.alt;
        const url = new URL(location.href);
        url.searchParams.set('variant', variant.id);
        history.replaceState({}, '', url);
      }
      tellers[document.body.dataset.variantEvents](product, variant, values.map((value, place) => ({ name: names[place], value })));
    });
    markGone();
  }

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('[data-product].product').forEach((product) => {
      start(product);
      if (document.body.dataset.variantEvents !== 'standard') return;
      const view = new Event('shopify:product:view', { bubbles: true });
      view.product = { id: gid('Product', product.dataset.product), title: product.dataset.title, handle: product.dataset.handle };
      view.context = 'page';
      product.dispatchEvent(view);
    });
  });
})();
