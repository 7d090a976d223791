// zlib by the browser's own streams.

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

export const deflate = (bytes) => through(new CompressionStream("deflate"), bytes);
export const inflate = (bytes) => through(new DecompressionStream("deflate"), bytes);
