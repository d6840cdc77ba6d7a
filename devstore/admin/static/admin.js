/* The menu on a phone, and the store's clock ticking on. */
(() => {
  'use strict';
  document.getElementById('menu-button').addEventListener('click', () => document.body.classList.toggle('menu-open'));
  const clock = document.getElementById('clock');
  const start = performance.now();
  const shown = new Date(clock.dateTime).getTime();
  const words = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: clock.dataset.zone,
  });
  const tick = () => { clock.textContent = words.format(shown + performance.now() - start); };
  tick();
  setInterval(tick, 10_000);
})();
