// Shopify's own Node library against devstore: it must not notice the difference.
// Reads {api, appUrl, shop, key, secret, idToken, callback, webhook} as JSON from the first argument, prints what it found.
import '@shopify/shopify-api/adapters/node';
import {shopifyApi, ApiVersion, RequestedTokenType, LogSeverity} from '@shopify/shopify-api';
import {setAbstractFetchFunc} from '@shopify/shopify-api/runtime';
import http from 'node:http';

const given = JSON.parse(process.argv[2]);

// Sends what is meant for the shop's host to devstore, the host named in `Host`, as a gateway would.
function throughGateway(url, init = {}) {
  const wanted = new URL(url);
  const target = new URL(given.api);
  const headers = {...Object.fromEntries(new Headers(init.headers)), host: wanted.host};
  const options = {host: target.hostname, port: target.port, path: wanted.pathname + wanted.search, method: init.method ?? 'GET', headers};
  return new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve(new Response(Buffer.concat(parts), {status: answer.statusCode, headers: answer.headers})));
    });
    request.on('error', reject);
    request.end(init.body);
  });
}

const shopify = shopifyApi({
  apiKey: given.key,
  apiSecretKey: given.secret,
  scopes: ['write_products'],
  hostName: new URL(given.appUrl).host,
  hostScheme: 'http',
  isEmbeddedApp: true,
  apiVersion: Object.values(ApiVersion).includes('2026-10') ? '2026-10' : Object.values(ApiVersion).filter((one) => one < '2027').sort().at(-2),
  logger: {level: LogSeverity.Error},
  future: {expiringOfflineAccessTokens: true},
});
setAbstractFetchFunc(throughGateway);

// The authorization code grant as a merchant's browser walks it: begin, Shopify's approval, callback with the code.
async function grantByCode() {
  const app = http.createServer(async (rawRequest, rawResponse) => {
    try {
      if (!rawRequest.url.startsWith('/auth/callback')) {
        await shopify.auth.begin({shop: given.shop, callbackPath: '/auth/callback', isOnline: false, rawRequest, rawResponse});
        return;
      }
      const {session} = await shopify.auth.callback({rawRequest, rawResponse, expiring: true});
      rawResponse.end(JSON.stringify({shop: session.shop, scope: session.scope, token: session.accessToken, expires: Boolean(session.expires)}));
    } catch (error) {
      rawResponse.statusCode = 500;
      rawResponse.end(JSON.stringify({error: String(error.stack)}));
    }
  });
  await new Promise((listening) => app.listen(0, '127.0.0.1', listening));
  const here = `http://127.0.0.1:${app.address().port}`;
  // The library turns away whoever does not look like a browser.
  const browser = {'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)'};
  const begun = await fetch(`${here}/auth`, {headers: browser, redirect: 'manual'});
  const cookies = begun.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
  const approval = await throughGateway(`${begun.headers.get('location')}&auto=1`);
  const back = new URL(approval.headers.get('location'));
  const answer = await fetch(`${here}${back.pathname}${back.search}`, {headers: {...browser, cookie: cookies}, redirect: 'manual'});
  const session = await answer.json();
  app.close();
  return session;
}

const claims = await shopify.session.decodeSessionToken(given.idToken);
const exchanged = await shopify.auth.tokenExchange({
  shop: given.shop,
  sessionToken: given.idToken,
  requestedTokenType: RequestedTokenType.OfflineAccessToken,
  expiring: true,
});
const client = new shopify.clients.Graphql({session: exchanged.session});
const answer = await client.request('query ($n: Int!) { shop { myshopifyDomain } products(first: $n) { nodes { id title } } }', {
  variables: {n: 2},
});
let refused = null;
try {
  await client.request('{ shop { nonsense } }');
} catch (error) {
  refused = error.body?.errors?.graphQLErrors?.[0]?.message ?? String(error);
}
const refreshed = await shopify.auth.refreshToken({shop: given.shop, refreshToken: exchanged.session.refreshToken});
const isCallbackSigned = await shopify.utils.validateHmac(given.callback);
const granted = await grantByCode();
const body = Buffer.from(given.webhook.body, 'base64').toString();
const rawRequest = Object.assign(new http.IncomingMessage(), {method: 'POST', url: '/webhooks', headers: given.webhook.headers});
const verdict = await shopify.webhooks.validate({rawBody: body, rawRequest});
const forged = await shopify.webhooks.validate({rawBody: `${body} `, rawRequest});

console.log(
  JSON.stringify({
    dest: claims.dest,
    scope: exchanged.session.scope,
    expires: Boolean(exchanged.session.expires),
    data: answer.data,
    refused,
    rotated: refreshed.session.refreshToken !== exchanged.session.refreshToken,
    isCallbackSigned,
    granted,
    verdict,
    forged: forged.valid,
  }),
);
