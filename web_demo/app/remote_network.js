// A network that runs in a worker of its own, as an Inpainter asks it.

import { NetworkError } from "../core/errors.js";
import { BACKENDS, threads } from "./backends.js";

export class RemoteNetwork {
  #worker = new Worker(new URL("network_worker.js", import.meta.url), { type: "module" });
  #waiting = null;

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#settle(data.error ? new NetworkError(data.error) : null, data);
    this.#worker.onerror = (event) => this.#settle(new NetworkError(event.message || "its worker stopped"), null);
  }

  /** @throws {NetworkError} this browser cannot load it by that backend */
  static async start(backend, bytes, contract) {
    const network = new RemoteNetwork(), count = backend === "wasm-threads" ? threads() : 1;
    try {
      await network.#ask({ load: { bytes, backend, threads: count, contract } }, [bytes]);
    } catch (error) {
      network.release();
      throw new NetworkError(`${BACKENDS[backend]} does not run here (${error.message}): choose another backend`);
    }
    return network;
  }

  async run(image, mask) {
    return (await this.#ask({ image, mask }, [image.buffer, mask.buffer])).output;
  }

  /** Ends the worker, and whatever it is doing with an error. */
  release() {
    this.#worker.terminate();
    this.#settle(new NetworkError("the network was stopped"), null);
  }

  #ask(message, transfer) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(message, transfer);
    });
  }

  #settle(error, data) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (error) waiting?.reject(error);
    else waiting?.resolve(data);
  }
}
