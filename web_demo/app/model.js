// The artifact that `mobile-inpaint bundle --app web` put beside the page. Nothing of it is believed before it has been checked.

import { Compositor } from "../core/compositor.js";
import { ManifestError, NetworkError } from "../core/errors.js";
import { Inpainter } from "../core/inpainter.js";
import { parse, quote } from "../core/json.js";
import { Manifest } from "../core/manifest.js";
import { isPlainName } from "../core/names.js";
import { RemoteNetwork } from "./remote_network.js";

const FOLDER = new URL("../model/", import.meta.url);
const INDEX = "bundle.json";
const AGAIN = "run mobile-inpaint bundle --app web again";
const LARGEST_JSON = 1_000_000;
const LARGEST_ARTIFACT = 500_000_000; // a phone's browser gives a page little more
const OF_URLS = /[%?#:]/; // what a URL reads as more than a name

async function get(url) {
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new NetworkError("the network cannot be fetched: are you offline? Open the page once while online");
  }
  if (!answer.ok) throw new NetworkError("no network was put into this app: run mobile-inpaint bundle --app web");
  if (!answer.url.startsWith(FOLDER.href)) throw new NetworkError(`the network lies outside this app's folder: ${AGAIN}`);
  return answer;
}

/** The bytes of an answer, piece by piece; one that is longer than `most` is stopped there. */
async function* pieces(answer, most, refusal) {
  const reader = answer.body.getReader();
  let at = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      at += chunk.value.length;
      if (at > most) throw new ManifestError(refusal);
      yield chunk.value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function textOf(name) {
  const decoder = new TextDecoder("utf-8", { fatal: true }), refusal = `${name}: not a file of ours; ${AGAIN}`;
  let text = "";
  const answer = await get(addressOf(name));
  try {
    for await (const piece of pieces(answer, LARGEST_JSON, refusal)) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new ManifestError(refusal); // not UTF-8, or the connection broke off
    throw error;
  }
}

/** The URL of a file in the folder. */
const addressOf = (name) => new URL(encodeURIComponent(name), FOLDER);

function nameIn(index) {
  let name;
  try {
    name = parse(index).get("artifact");
  } catch { /* not JSON, or no table */ }
  if (isPlainName(name) && !OF_URLS.test(name)) return name;
  throw new ManifestError(name === undefined
    ? `${INDEX}: names no artifact; ${AGAIN}`
    : `${INDEX}: 'artifact' must be a file's name, not ${quote(name)}; ${AGAIN}`);
}

/** The manifest of the artifact `name`, if this app may load what it describes; nothing else has been fetched yet. */
function checked(json, name) {
  const manifest = Manifest.fromJson(json, `${name}.json`);
  if (manifest.file !== name) manifest.checkArtifact(name, "");
  manifest.checkForApp();
  Compositor.fromNumbers(manifest.compositor);
  if (manifest.bytes < 1 || manifest.bytes > LARGEST_ARTIFACT) {
    throw new ManifestError(`${name}.json: 'bytes' is ${manifest.bytes}, not 1 to ${LARGEST_ARTIFACT}; bundle a smaller artifact`);
  }
  return manifest;
}

/** Which files make the artifact: {name, json, url, bytes}. The URL changes with its content, so that it can be kept for ever. */
export async function find() {
  const name = nameIn(await textOf(INDEX)), json = await textOf(`${name}.json`);
  const { sha256, bytes } = checked(json, name);
  return { name, json, url: new URL(`?sha256=${sha256}`, addressOf(name)).href, bytes };
}

/**
 * The artifact, checked, on that backend.
 *
 * @param progress told the share of its bytes that has come
 */
export async function open({ name, json, url, bytes: expected }, backend, progress) {
  const answer = await get(url);
  const refusal = (found) => `${name}: has ${found} bytes, not the ${expected} that its manifest says; ${AGAIN}`;
  const said = answer.headers.get("Content-Length");
  if (said !== null && !answer.headers.get("Content-Encoding") && Number(said) !== expected) throw new ManifestError(refusal(said));
  const bytes = new Uint8Array(expected);
  let at = 0;
  for await (const piece of pieces(answer, expected, refusal(`more than ${expected}`))) {
    bytes.set(piece, at);
    at += piece.length;
    progress(at / expected);
  }
  if (at !== expected) throw new ManifestError(refusal(at));
  return Inpainter.open(bytes.buffer, json, name, (sound, { contract }) => RemoteNetwork.start(backend, sound, contract));
}
