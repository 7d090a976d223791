// Fingers, mouse and keys on the photo: one finger or button uses the tool, two pinch, the wheel zooms, arrows move a brush.

const WHEEL = 0.0015, KEY_ZOOM = 1.25;

/**
 * @param viewer what is moved and painted on
 * @param tools {tool(): "paint" | "erase" | "move", radius(): pixels of the photo, enabled(): whether painting may begin,
 *   painted(stroke)}
 */
export function listen(viewer, tools) {
  const { canvas } = viewer, pointers = new Map();
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  const middle = () => {
    const places = [...pointers.values()];
    return [0, 1].map((axis) => places.reduce((sum, place) => sum + place[axis], 0) / places.length);
  };
  const distance = () => {
    const [[ax, ay], [bx, by]] = [...pointers.values()];
    return Math.hypot(ax - bx, ay - by);
  };
  const begin = (x, y) => ({ points: [viewer.toPhoto(x, y)], radius: tools.radius(), erase: tools.tool() === "erase" });
  const extend = (stroke, point) => {
    const [x, y] = stroke.points.at(-1);
    if (x !== point[0] || y !== point[1]) stroke.points.push(point);
  };
  const finish = () => {
    const stroke = viewer.live;
    viewer.live = null;
    if (stroke) tools.painted(stroke);
    viewer.draw();
  };
  const hover = (x, y) => {
    const [px, py] = viewer.toPhoto(x, y);
    viewer.cursor = tools.tool() === "move" ? null : { x: px, y: py, radius: tools.radius() };
    viewer.draw();
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!viewer.hasPhoto) return;
    canvas.focus();
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch { /* the pointer is gone already */ }
    pointers.set(event.pointerId, at(event));
    if (pointers.size > 1) viewer.live = null; // the first finger of two meant no stroke
    else if (tools.tool() !== "move" && event.button === 0 && tools.enabled()) viewer.live = begin(...at(event));
    viewer.draw();
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!viewer.hasPhoto) return;
    if (event.pointerType !== "touch" || viewer.live) hover(...at(event));
    if (!pointers.has(event.pointerId)) return;
    const [wasX, wasY] = middle(), was = pointers.size > 1 ? distance() : 1;
    if (viewer.live) {
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const one of passed.length ? passed : [event]) extend(viewer.live, viewer.toPhoto(...at(one)));
    }
    pointers.set(event.pointerId, at(event));
    if (viewer.live) return;
    const [x, y] = middle(), factor = pointers.size > 1 ? distance() / Math.max(was, 1) : 1;
    viewer.zoom(factor, wasX, wasY, x - wasX, y - wasY);
  });

  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (kind === "pointercancel") viewer.live = null;
      if (event.pointerType === "touch") viewer.cursor = null;
      finish();
    });
  }
  canvas.addEventListener("pointerleave", () => {
    if (!pointers.size) viewer.cursor = null;
    viewer.draw();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (viewer.hasPhoto) viewer.zoom(Math.exp(-event.deltaY * WHEEL), ...at(event));
  }, { passive: false });

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (!viewer.hasPhoto || event.ctrlKey || event.metaKey || event.altKey) return;
    const radius = tools.radius(), centre = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    if (steps[event.key]) {
      const [dx, dy] = steps[event.key], step = event.shiftKey ? 1 : Math.max(1, radius);
      const [x, y] = viewer.cursor ? [viewer.cursor.x, viewer.cursor.y] : viewer.toPhoto(...centre);
      const held = (value, most) => Math.min(Math.max(value, 0), most - 1);
      viewer.cursor = { x: held(x + dx * step, viewer.width), y: held(y + dy * step, viewer.height), radius };
      if (viewer.live) extend(viewer.live, [viewer.cursor.x, viewer.cursor.y]);
    } else if (event.key === " ") {
      if (event.repeat || viewer.live || !tools.enabled() || tools.tool() === "move") return event.preventDefault();
      const [x, y] = viewer.cursor ? [viewer.cursor.x, viewer.cursor.y] : viewer.toPhoto(...centre);
      viewer.live = { points: [[x, y]], radius, erase: tools.tool() === "erase" };
    } else if (event.key === "+" || event.key === "-") {
      viewer.zoom(event.key === "+" ? KEY_ZOOM : 1 / KEY_ZOOM, ...centre);
    } else if (event.key === "0") viewer.fit();
    else return;
    event.preventDefault();
    viewer.draw();
  });
  canvas.addEventListener("keyup", (event) => {
    if (event.key === " ") finish();
  });
}
