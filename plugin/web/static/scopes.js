/* A form with data-asks-scope needs a permission that is asked for at its button: App Bridge asks, then it is sent. */
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-asks-scope]");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    const answer = await shopify.scopes.request([form.dataset.asksScope]);
    if (answer.result !== "granted-all") return;
    form.removeAttribute("data-asks-scope");
    form.requestSubmit(button);
  }, true);
})();
