/* The part of App Bridge that pages rely on: a token on every fetch of our own, and a fresh one for a document. */
(() => {
  const plain = window.fetch.bind(window);
  const idToken = async () => (await plain("/_test/id-token")).json();
  window.shopify = {
    idToken,
    app: { extensions: async () => [{ handle: "promise-block", activations: [{ handle: "backorder", status: "active" }] }] },
  };
  window.fetch = async (url, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", `Bearer ${await idToken()}`);
    return plain(url, { ...options, headers });
  };
  const again = new URLSearchParams(location.search).get("shopify-reload");
  if (again && location.pathname === "/auth/patch-id-token") {
    idToken().then((token) => location.replace(`${again}${again.includes("?") ? "&" : "?"}id_token=${token}`));
  }
})();
