// Which texts may name a file, by the rule of mobile_inpaint/files.py; golden/names.json holds examples.

import { isPrintable } from "./json.js";

const LONGEST_NAME = 255;

/** Whether `name` is text that names a file inside any folder, on every system: no path, no drive, not `.` or `..`. */
export const isPlainName = (name) => typeof name === "string" && name !== "" && name !== "." && name !== ".."
  && !/[/\\]|^[A-Za-z]:/.test(name) && isPrintable(name) && new TextEncoder().encode(name).length <= LONGEST_NAME;
