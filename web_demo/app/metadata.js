// What a picture file says beside its pixels, as far as it is kept: the colour profile and EXIF.
//
// {format: "jpeg" | "png" | "webp", icc, exif, depth}: icc and exif are bytes or null, exif without JPEG's "Exif\0\0".

import { PhotoError } from "../core/errors.js";
import { inflate } from "./deflate.js";

const ascii = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
const joined = (pieces) => {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
  return whole;
};

/** @throws {PhotoError} no JPEG, PNG or WebP, or one of 16 bits a channel */
export async function readMetadata(bytes, name) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, view);
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return png(bytes, view, name);
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") return webp(bytes, view);
  throw new PhotoError(`${name}: not a JPEG, PNG or WebP photo; choose another file`);
}

function jpeg(bytes, view) {
  const found = { format: "jpeg", icc: null, exif: null }, profile = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    if (bytes[at + 1] === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2), body = at + 4;
    if (bytes[at + 1] === 0xe1 && ascii(bytes, body, 6) === "Exif\0\0") found.exif ??= bytes.slice(body + 6, at + 2 + length);
    if (bytes[at + 1] === 0xe2 && ascii(bytes, body, 12) === "ICC_PROFILE\0") {
      profile.push([bytes[body + 12], bytes.slice(body + 14, at + 2 + length)]);
    }
    at += 2 + length;
  }
  if (profile.length) found.icc = joined(profile.sort(([a], [b]) => a - b).map(([, piece]) => piece));
  return found;
}

async function png(bytes, view, name) {
  const found = { format: "png", icc: null, exif: null };
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at), kind = ascii(bytes, at + 4, 4), body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR" && body[8] === 16) {
      throw new PhotoError(`${name}: 16 bits a channel, which we would halve; save it with 8 bits`);
    }
    if (kind === "iCCP") found.icc = await inflate(body.subarray(body.indexOf(0) + 2));
    if (kind === "eXIf") found.exif = body.slice();
    at += 12 + length;
  }
  return found;
}

function webp(bytes, view) {
  const found = { format: "webp", icc: null, exif: null };
  for (let at = 12; at + 8 <= bytes.length;) {
    const kind = ascii(bytes, at, 4), length = view.getUint32(at + 4, true), body = bytes.slice(at + 8, at + 8 + length);
    if (kind === "ICCP") found.icc = body;
    if (kind === "EXIF") found.exif = ascii(body, 0, 6) === "Exif\0\0" ? body.slice(6) : body;
    at += 8 + length + (length & 1);
  }
  return found;
}

const ORIENTATION = 0x0112, THUMBNAIL_AT = 0x0201, THUMBNAIL_LENGTH = 0x0202;

/**
 * EXIF that is still true of the pixels: upright, and without the thumbnail, which shows what was erased.
 *
 * @returns {Uint8Array | null} null where it cannot be read
 */
export function renewedExif(exif) {
  if (!exif || exif.length < 8) return null;
  const bytes = exif.slice(), view = new DataView(bytes.buffer), little = ascii(bytes, 0, 2) === "II";
  const short = (at) => view.getUint16(at, little), long = (at) => view.getUint32(at, little);
  try {
    const first = long(4), end = first + 2 + 12 * short(first), next = long(end);
    for (let at = first + 2; at < end; at += 12) if (short(at) === ORIENTATION) view.setUint16(at + 8, 1, little);
    view.setUint32(end, 0, little);
    if (!next) return bytes;
    const tags = {};
    const last = next + 2 + 12 * short(next);
    for (let at = next + 2; at < last; at += 12) tags[short(at)] = long(at + 8);
    bytes.fill(0, tags[THUMBNAIL_AT] ?? 0, (tags[THUMBNAIL_AT] ?? 0) + (tags[THUMBNAIL_LENGTH] ?? 0));
    bytes.fill(0, next, last + 4);
    return bytes;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A JPEG file with that EXIF and profile in place of its own. */
export function intoJpeg(bytes, { icc, exif }) {
  const segment = (marker, ...pieces) => {
    const length = 2 + pieces.reduce((sum, piece) => sum + piece.length, 0);
    return joined([Uint8Array.of(0xff, marker, length >> 8, length & 255), ...pieces]);
  };
  const text = (letters) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), kept = [];
  let at = 2;
  while (bytes[at] === 0xff && bytes[at + 1] >= 0xe0 && bytes[at + 1] <= 0xef) {
    const end = at + 2 + view.getUint16(at + 2);
    if (bytes[at + 1] === 0xe0) kept.push(bytes.subarray(at, end));
    at = end;
  }
  const added = [];
  if (exif && exif.length <= 65_000) added.push(segment(0xe1, text("Exif\0\0"), exif));
  if (icc) {
    const size = 65_000, count = Math.ceil(icc.length / size);
    for (let n = 0; n < count; n++) {
      added.push(segment(0xe2, text("ICC_PROFILE\0"), Uint8Array.of(n + 1, count), icc.subarray(n * size, (n + 1) * size)));
    }
  }
  return joined([bytes.subarray(0, 2), ...kept, ...added, bytes.subarray(at)]);
}
