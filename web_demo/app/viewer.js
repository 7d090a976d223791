// The photo on the screen: zoom, pan, strokes over it, and before beside after.

const LARGEST_SCALE = 16, TINT_ALPHA = 0.55, CURSOR = "#fff", CURSOR_EDGE = "#000";

export class Viewer {
  #context;
  #photo = document.createElement("canvas");
  #strokes = document.createElement("canvas");
  #original = null;
  #scheduled = false;
  #fitted = true;

  /** @param canvas the element to draw on; its size follows its box */
  constructor(canvas) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.strokes = [];
    this.live = null;
    this.cursor = null;
    this.compare = null; // the divider's share of the width, or null
    this.tint = "#e5304f";
    this.view = { scale: 1, x: 0, y: 0 };
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  get hasPhoto() { return this.#original !== null; }
  get width() { return this.#photo.width; }
  get height() { return this.#photo.height; }

  /** Shows a photo, whole. */
  show(bitmap) {
    this.#original?.close();
    this.#original = bitmap;
    [this.#photo.width, this.#photo.height] = [bitmap.width, bitmap.height];
    this.#photo.getContext("2d").drawImage(bitmap, 0, 0);
    [this.strokes, this.live, this.cursor, this.compare] = [[], null, null, null];
    this.fit();
  }

  /** Puts RGBA into a box of the photo. */
  put({ top, left, right, bottom }, pixels) {
    this.#photo.getContext("2d").putImageData(new ImageData(pixels, right - left, bottom - top), left, top);
    this.draw();
  }

  /** The whole photo, centred, never enlarged. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = Math.min(width / this.width, height / this.height, 1);
    this.view = { scale, x: (width - this.width * scale) / 2, y: (height - this.height * scale) / 2 };
    this.#fitted = true;
    this.draw();
  }

  /** Zooms about a point of the screen, which stays where it is, and moves it by (dx, dy). */
  zoom(factor, x, y, dx = 0, dy = 0) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const smallest = Math.min(width / this.width, height / this.height, 1) / 2;
    const scale = Math.min(Math.max(this.view.scale * factor, smallest), LARGEST_SCALE), ratio = scale / this.view.scale;
    const kept = (start, length, room) => Math.min(Math.max(start, 48 - length), room - 48);
    this.view = {
      scale,
      x: kept(x + dx - (x - this.view.x) * ratio, this.width * scale, width),
      y: kept(y + dy - (y - this.view.y) * ratio, this.height * scale, height),
    };
    this.#fitted = false;
    this.draw();
  }

  /** The pixel of the photo under a point of the canvas, which may lie outside. */
  toPhoto(x, y) {
    return [Math.floor((x - this.view.x) / this.view.scale), Math.floor((y - this.view.y) / this.view.scale)];
  }

  /** Draws before the next frame. */
  draw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      if (this.hasPhoto) this.#paint();
    });
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas, ratio = devicePixelRatio;
    for (const canvas of [this.canvas, this.#strokes]) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    if (this.hasPhoto && this.#fitted) this.fit();
    else this.draw();
  }

  #paint() {
    const context = this.#context, { scale, x, y } = this.view, ratio = devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
    context.imageSmoothingEnabled = scale < 4;
    context.drawImage(this.#photo, 0, 0);
    if (this.compare !== null) return this.#paintBefore(context, scale);
    this.#paintStrokes(context);
    if (this.cursor) this.#paintCursor(context, this.cursor, scale);
  }

  #paintBefore(context, scale) {
    const at = this.compare * this.width;
    context.save();
    context.beginPath();
    context.rect(0, 0, at, this.height);
    context.clip();
    context.clearRect(0, 0, at, this.height);
    context.drawImage(this.#original, 0, 0);
    context.restore();
    for (const [colour, width] of [[CURSOR_EDGE, 4], [CURSOR, 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width / scale;
      context.beginPath();
      context.moveTo(at, 0);
      context.lineTo(at, this.height);
      context.stroke();
    }
  }

  #paintStrokes(context) {
    const sheet = this.#strokes.getContext("2d");
    sheet.setTransform(1, 0, 0, 1, 0, 0);
    sheet.clearRect(0, 0, this.#strokes.width, this.#strokes.height);
    sheet.setTransform(context.getTransform());
    sheet.lineCap = sheet.lineJoin = "round";
    sheet.strokeStyle = this.tint;
    for (const { points, radius, erase } of [...this.strokes, ...(this.live ? [this.live] : [])]) {
      sheet.globalCompositeOperation = erase ? "destination-out" : "source-over";
      sheet.lineWidth = 2 * radius + 1;
      sheet.beginPath();
      points.forEach(([x, y], n) => (n ? sheet.lineTo(x + 0.5, y + 0.5) : sheet.moveTo(x + 0.5, y + 0.5)));
      if (points.length === 1) sheet.lineTo(points[0][0] + 0.5, points[0][1] + 0.5);
      sheet.stroke();
    }
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = TINT_ALPHA;
    context.drawImage(this.#strokes, 0, 0);
    context.restore();
  }

  #paintCursor(context, { x, y, radius }, scale) {
    for (const [colour, width] of [[CURSOR_EDGE, 3], [CURSOR, 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width / scale;
      context.beginPath();
      context.arc(x + 0.5, y + 0.5, radius + 0.5, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
