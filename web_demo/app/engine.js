// The page's side of photo_worker.js: each call is a promise.

export class Engine {
  #worker = new Worker(new URL("photo_worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #next = 1;

  /** @param news told what the worker says unasked: {fetched} while the artifact comes, {done, parts} while it erases,
   *   {shown, pixels} RGBA of a box that has changed meanwhile, {share} of the detail that is done */
  constructor(news) {
    this.#worker.onmessage = ({ data }) => {
      if (!data.id) return news(data);
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      return data.error ? reject(Object.assign(new Error(data.error.message), { name: data.error.name })) : resolve(data.result);
    };
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message || "the app's worker stopped: reload the page"));
      this.#waiting.clear();
    };
  }

  #call(call, argument) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, argument });
    });
  }

  open(file) { return this.#call("open", file); }
  load(backend) { return this.#call("load", backend); }
  erase(strokes) { return this.#call("erase", strokes); }
  cancel() { return this.#call("cancel"); }
  keep() { return this.#call("keep"); }
  put(box, pixels) { return this.#call("put", { box, pixels }); }
  save(type) { return this.#call("save", type); }
  report() { return this.#call("report"); }
}
