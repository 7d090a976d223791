// Inpainter: a verified artifact that fills photos: Manifest, Compositor and the network behind them.

import { Compositor } from "./compositor.js";
import { NetworkError } from "./errors.js";
import { Manifest, sha256Of } from "./manifest.js";

export class Inpainter {
  #network;

  /** @param network async run(image, mask) => output, as {@link Compositor#fill} asks it, and release() */
  constructor(manifest, compositor, network) {
    this.manifest = manifest;
    this.compositor = compositor;
    this.#network = network;
  }

  /**
   * An artifact, checked and loaded.
   *
   * @param bytes of the artifact, an ArrayBuffer
   * @param json text of the manifest beside it
   * @param name the artifact's file name
   * @param load async (bytes, manifest) => network
   * @throws {ManifestError} not the file its manifest describes, or not one that an app may carry
   */
  static async open(bytes, json, name, load) {
    const manifest = Manifest.fromJson(json, `${name}.json`);
    manifest.checkArtifact(name, await sha256Of(bytes));
    manifest.checkForApp();
    const compositor = Compositor.fromNumbers(manifest.compositor);
    return new Inpainter(manifest, compositor, await load(bytes, manifest));
  }

  /**
   * Fills the mask's hole in place.
   *
   * @param pixels RGBA bytes of the photo
   * @param mask of the photo's size
   * @param progress, detailing see {@link Compositor#fill}
   * @returns {{net_ms: number[]}} of each call of the network, in milliseconds
   * @throws {MaskError} see {@link Mask#check}
   */
  async fill(pixels, mask, width, height, progress, detailing) {
    mask.check(width, height, true);
    const net_ms = [];
    await this.compositor.fill(pixels, mask.hole, height, width, async (image, holes) => {
      const started = performance.now();
      const output = await this.#network.run(image, holes);
      net_ms.push(performance.now() - started);
      return output;
    }, progress, detailing);
    return { net_ms };
  }

  /** Gives the network's memory back; afterwards nothing can be filled. */
  async close() {
    const network = this.#network;
    this.#network = { run: () => { throw new NetworkError("the network was closed: load it again"); }, release: () => {} };
    await network.release();
  }
}
