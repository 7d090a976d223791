// A PNG of exactly these bytes: a canvas would multiply colours by alpha and back, and drop the profile.

import { deflate } from "./deflate.js";

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function chunk(kind, body) {
  const bytes = new Uint8Array(12 + body.length), view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(Uint8Array.from(kind, (letter) => letter.charCodeAt(0)), 4);
  bytes.set(body, 8);
  let crc = 0xffffffff;
  for (let at = 4; at < 8 + body.length; at++) crc = TABLE[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + body.length, ~crc);
  return bytes;
}

/**
 * A PNG file.
 *
 * @param pixels RGBA; where all of it is opaque, alpha is left out
 * @param metadata {icc, exif}: bytes or null
 * @returns {Promise<Blob>}
 */
export async function encodePng(pixels, width, height, { icc, exif }) {
  let opaque = true;
  for (let n = 3; n < pixels.length && opaque; n += 4) opaque = pixels[n] === 255;
  const channels = opaque ? 3 : 4, line = width * channels, rows = new Uint8Array(height * (line + 1));
  for (let y = 0; y < height; y++) {
    const start = y * (line + 1) + 1;
    rows[start - 1] = 1; // each byte less the one a pixel before: photos shrink by it, and it is quick
    for (let x = 0, from = 4 * y * width, to = start; x < width; x++, from += 4, to += channels) {
      for (let c = 0; c < channels; c++) rows[to + c] = x ? pixels[from + c] - pixels[from + c - 4] : pixels[from + c];
    }
  }
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, opaque ? 2 : 6], 8);
  const profile = icc && new Uint8Array([...new TextEncoder().encode("ICC profile"), 0, 0, ...(await deflate(icc))]);
  return new Blob([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...(profile ? [chunk("iCCP", profile)] : []),
    ...(exif ? [chunk("eXIf", exif)] : []),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ], { type: "image/png" });
}
