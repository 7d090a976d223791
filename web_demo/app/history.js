// What was done to the photo, and back: strokes, and fills that used the strokes before them up.

export class History {
  #done = [];
  #undone = [];

  /** The strokes that wait to be erased. */
  get strokes() {
    const last = this.#done.findLastIndex((step) => step.box);
    return this.#done.slice(last + 1).map((step) => step.stroke);
  }

  get canUndo() { return this.#done.length > 0; }
  get canRedo() { return this.#undone.length > 0; }

  /** Anything to save: a fill that was not undone. */
  get changed() { return this.#done.some((step) => step.box); }

  /** @param step {stroke}, or a fill {box, before, after} */
  add(step) {
    this.#done.push(step);
    this.#undone = [];
  }

  /** The step taken back; {@link add} and {@link redo} bring others. */
  undo() {
    const step = this.#done.pop();
    this.#undone.push(step);
    return step;
  }

  redo() {
    const step = this.#undone.pop();
    this.#done.push(step);
    return step;
  }
}
