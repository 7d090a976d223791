// Keeps the page, the runtime and the artifact, so that all of it works without a connection.
//
// Online, the network goes first, so that a new version is seen at once; the artifact's address changes with its bytes, so it
// is fetched once. Every answer gets the headers that allow threads, for hosts that cannot set them.

const CACHE = "mobile-inpaint-1";
const SHELL = [
  "./", "index.html", "style.css", "app.webmanifest", "icon.svg", "icon-192.png", "icon-512.png",
  ...["backends", "deflate", "engine", "gestures", "history", "main", "metadata", "model", "network_worker", "offline",
    "photo_file", "photo_worker", "png", "remote_network", "session_report", "viewer"].map((name) => `app/${name}.js`),
  ...["compositor", "errors", "inpainter", "json", "latency_report", "manifest", "manifest_records", "mask", "regions",
    "report_records", "resample", "seam", "statistics", "strict"].map((name) => `core/${name}.js`),
];
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const isolated = (answer) => {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
};

async function keep(urls) {
  const cache = await caches.open(CACHE);
  for (const url of urls) {
    if (await cache.match(url)) continue;
    const answer = await fetch(url, { cache: "force-cache" }); // what the page has just fetched is not fetched again
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
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
    if (fresh.ok && kept) await cache.put(request, fresh.clone());
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
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await clients.claim();
})()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin) event.respondWith(answer(event.request));
});
addEventListener("message", (event) => event.waitUntil(
  keep(event.data.keep).then(() => true, () => false).then((kept) => event.source.postMessage({ kept })),
));
