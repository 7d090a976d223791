// The artifact that `mobile-inpaint bundle --app web` put beside the page.

import { NetworkError } from "../core/errors.js";
import { Inpainter } from "../core/inpainter.js";
import { Manifest } from "../core/manifest.js";
import { RemoteNetwork } from "./remote_network.js";

const FOLDER = new URL("../model/", import.meta.url);

async function get(url) {
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new NetworkError("the network cannot be fetched: are you offline? Open the page once while online");
  }
  if (!answer.ok) throw new NetworkError("no network was put into this app: run mobile-inpaint bundle --app web");
  return answer;
}

/** Which files make the artifact: {name, json, url}; the URL changes with its content, so that it can be kept for ever. */
export async function find() {
  const name = (await (await get(new URL("bundle.json", FOLDER))).json()).artifact;
  const json = await (await get(new URL(`${name}.json`, FOLDER))).text();
  const url = new URL(`${name}?sha256=${Manifest.fromJson(json, `${name}.json`).sha256}`, FOLDER);
  return { name, json, url: url.href };
}

/**
 * The artifact, checked, on that backend.
 *
 * @param progress told the share of its bytes that has come
 */
export async function open({ name, json, url }, backend, progress) {
  const answer = await get(url), expected = Manifest.fromJson(json, `${name}.json`).bytes;
  const bytes = new Uint8Array(expected), reader = answer.body.getReader();
  let at = 0, extra = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (at + chunk.value.length > expected) extra += chunk.value.length;
    else {
      bytes.set(chunk.value, at);
      at += chunk.value.length;
    }
    progress(at / expected);
  }
  const whole = extra ? new Uint8Array(1).buffer : bytes.slice(0, at).buffer; // a longer file has another hash in any case
  return Inpainter.open(whole, json, name, (checked, { contract }) => RemoteNetwork.start(backend, checked, contract));
}
