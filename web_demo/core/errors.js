// Every error that is raised on purpose; each message is one line: what is wrong, then what to do.

/** The root: catch this to catch all of them. */
export class InpaintError extends Error {
  get name() { return this.constructor.name; }
}

/** A manifest that is unreadable, does not belong to its artifact, or is newer than this app. */
export class ManifestError extends InpaintError {}

/** A mask that does not fit its photo, or leaves nothing to do. */
export class MaskError extends InpaintError {}

/** A photo that cannot be read, or that we refuse to read. */
export class PhotoError extends InpaintError {}

/** A measurement that cannot be read or written. */
export class BenchError extends InpaintError {}

/** A network that cannot be loaded or run here. */
export class NetworkError extends InpaintError {}
