// A photo file in and out at its own resolution; runs in a worker.

import { PhotoError } from "../core/errors.js";
import { intoJpeg, readMetadata, renewedExif } from "./metadata.js";
import { encodePng } from "./png.js";

/** What a canvas holds on every browser that matters, and 200 MB of RGBA. */
const MOST_PIXELS = 50_000_000;
const JPEG_QUALITY = 0.95;

/**
 * The photo in a file, upright: {pixels: RGBA, width, height, bitmap, metadata, name}. Its bytes are those of the file: a
 * colour profile is carried along, not applied.
 *
 * @throws {PhotoError} not a photo, damaged, or too large
 */
export async function openPhoto(file) {
  const metadata = await readMetadata(new Uint8Array(await file.arrayBuffer()), file.name);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "from-image" });
  } catch {
    throw new PhotoError(`${file.name}: damaged, or of a kind that this browser cannot read; choose another file`);
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    throw new PhotoError(`${file.name}: ${(width * height / 1e6).toFixed(0)} megapixels, at most ${MOST_PIXELS / 1e6} fit here; shrink it first`);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new PhotoError(`${file.name}: this browser has no memory left for it; close other pages`);
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  return { pixels, width, height, bitmap, metadata, name: file.name };
}

/**
 * The photo as a file.
 *
 * @param type "image/png", which keeps every bit, or "image/jpeg"
 * @returns {Promise<Blob>}
 */
export async function savePhoto({ pixels, width, height, metadata }, type) {
  const kept = { icc: metadata.icc, exif: renewedExif(metadata.exif) };
  if (type === "image/png") return encodePng(pixels, width, height, kept);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type, quality: JPEG_QUALITY });
  return new Blob([intoJpeg(new Uint8Array(await blob.arrayBuffer()), kept)], { type });
}
