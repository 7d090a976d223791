// The size of the WebAssembly heap of this frame. Import it before any runtime: it listens to heaps being made.

const memories = new Set();

WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor) {
    super(descriptor);
    memories.add(this);
  }
};

for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...all) => {
    const result = await original(...all);
    for (const value of Object.values((result.instance ?? result).exports)) {
      if (value && Object.prototype.toString.call(value) === "[object WebAssembly.Memory]") memories.add(value);
    }
    return result;
  };
}

/** Bytes of all heaps; they grow and never shrink. */
export const heapBytes = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
