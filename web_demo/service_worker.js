// Keeps the page, the runtime and the artifact, so that all of it works without a connection.
//
// Online, the network goes first, so that a new version is seen at once; the artifact's address changes with its bytes, so it
// is fetched once. Every answer gets the headers that allow threads, for hosts that cannot set them, and that allow nothing else.
//
// Only files of this folder are kept, whatever the page asks for: other apps may share its host.

const FOLDER = new URL("./", location.href).href, MOST_FILES = 16;
const CACHE = `mobile-inpaint-2 ${FOLDER}`, BEFORE = "mobile-inpaint-1";
const SHELL = [
  "./", "index.html", "style.css", "app.webmanifest", "icon.svg", "icon-192.png", "icon-512.png",
  ...["backends", "deflate", "engine", "gestures", "history", "main", "metadata", "model", "network_worker", "offline",
    "photo_file", "photo_worker", "png", "remote_network", "session_report", "viewer"].map((name) => `app/${name}.js`),
  ...["compositor", "detail", "detail_levels", "detail_search", "detail_tree", "detail_vote", "errors", "inpainter", "json",
    "latency_report", "manifest", "manifest_records", "mask", "names", "regions", "report_records", "resample", "seam", "statistics",
    "strict", "tone"].map((name) => `core/${name}.js`),
];
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' data:; "
    + "img-src 'self' blob: data:; style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Whether a URL is that of a file of this folder; behind it nothing but an artifact's digest. */
function isOurs(url) {
  const { href, origin, pathname, search } = new URL(url, FOLDER);
  return `${origin}${pathname}`.startsWith(FOLDER) && !/%2f|%5c/i.test(pathname) && href === `${origin}${pathname}${search}`
    && /^(\?sha256=[0-9a-f]{64})?$/.test(search);
}

const isKept = (answer) => answer.status === 200 && answer.type === "basic" && isOurs(answer.url);

const isolated = (answer) => {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
};

async function keep(urls) {
  if (!Array.isArray(urls) || urls.length > MOST_FILES || !urls.every(isOurs)) throw new Error("not files of this app");
  const cache = await caches.open(CACHE);
  for (const url of urls) {
    if (await cache.match(url)) continue;
    const answer = await fetch(url, { cache: "force-cache" }); // what the page has just fetched is not fetched again
    if (!isKept(answer)) throw new Error(`${url}: ${answer.status}`);
    await cache.put(url, answer);
  }
  for (const request of await cache.keys()) { // artifacts that were replaced
    if (request.url.includes("?sha256=") && urls.some((url) => url.includes("?sha256=")) && !urls.includes(request.url)) {
      await cache.delete(request);
    }
  }
}

async function answer(request) {
  const cache = await caches.open(CACHE), kept = await cache.match(request);
  if (kept && request.url.includes("?sha256=")) return isolated(kept);
  try {
    const fresh = await fetch(request);
    if (kept && isKept(fresh)) await cache.put(request, fresh.clone());
    return isolated(fresh);
  } catch (error) {
    if (kept) return isolated(kept);
    throw error;
  }
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)));
});
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name === BEFORE || (name.endsWith(` ${FOLDER}`) && name !== CACHE)) await caches.delete(name);
  }
  await clients.claim();
})()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(FOLDER)) event.respondWith(answer(event.request));
});
addEventListener("message", (event) => event.waitUntil(
  keep(event.data?.keep).then(() => true, () => false).then((kept) => event.source.postMessage({ kept })),
));
