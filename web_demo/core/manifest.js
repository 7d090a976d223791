// Manifest: what an artifact says of itself, and whether an app may carry it.

import { ManifestError } from "./errors.js";
import { quote } from "./json.js";
import { SCHEMA, manifest } from "./manifest_records.js";
import { isPlainName } from "./names.js";
import { read } from "./strict.js";

const SAYS = { notJson: "not JSON; export the artifact again", newer: "upgrade mobile-inpaint" };
const FLOATS = ["fp32", "fp16"];
const [SMALLEST_SIDE, LARGEST_SIDE] = [64, 4096];
const RANDOM = "nothing: the weights are random, for timing only";

/** The JSON beside an artifact; its fields are those of the file: file, sha256, bytes, contract, …, compositor, verification. */
export class Manifest {
  constructor(fields) { Object.freeze(Object.assign(this, fields)); }

  /**
   * The manifest that `json` is.
   *
   * @param where the file's name
   * @throws {ManifestError} of a newer schema, or not a manifest
   */
  static fromJson(json, where) {
    const fields = read(manifest, json, where, SCHEMA, SAYS, ManifestError), { file, sha256 } = fields;
    if (!isPlainName(file)) {
      throw new ManifestError(`${where}: 'file' must be a file's name, not ${quote(file)}; export the artifact again`);
    }
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      throw new ManifestError(`${where}: 'sha256' must be 64 hexadecimal digits, not ${quote(sha256)}; export it again`);
    }
    return new Manifest(fields);
  }

  /**
   * Returns if this is the manifest of the file `name` with that SHA-256, in hex.
   *
   * @throws {ManifestError} it describes another file
   */
  checkArtifact(name, sha256) {
    if (this.file !== name) {
      throw new ManifestError(`${name}.json: describes ${quote(this.file)}, not ${quote(name)}; export it again`);
    }
    if (this.sha256 !== sha256) {
      throw new ManifestError(`${name}: its bytes are not those its manifest describes ` +
        `(sha256 ${sha256.slice(0, 12)}…, manifest says ${this.sha256.slice(0, 12)}…); export it again`);
    }
  }

  /**
   * Returns if an app with a Compositor of its own may carry the artifact.
   *
   * @throws {ManifestError} not verified, not worth shipping, of random weights, of another polarity, a pipeline that needs no
   *   compositor, or of a size that no app should allocate
   */
  checkForApp() {
    const { contract, quality, verification: verified } = this;
    const reached = verified && verified.psnr_db.length > 0 && verified.psnr_db.every((one) => one >= verified.required_db);
    const faults = [
      [!verified, "it is not verified; export it again"],
      [!reached || verified.outside_max_abs_error !== 0,
        "its verification falls short of what it requires; export it again"],
      [!quality && !FLOATS.includes(contract.precision), "nobody judged what its fills are worth; export it again"],
      [quality && fallsShort(quality), "its fills are not worth shipping; export it in a higher precision"],
      [contract.provenance.trained_on === RANDOM, "its weights are random, and may be timed but not carried by an app"],
      [contract.io !== "tensor",
        "it takes a whole photo, and an app brings its own compositor; export it with --io tensor"],
      [contract.hole !== 1 || !contract.composited,
        "its mask's polarity is not 1 = hole, or it does not give known pixels back; export it again"],
      [this.compositor.size_px !== contract.size_px,
        "its compositor is for another size than its network; export it again"],
      [contract.size_px < SMALLEST_SIDE || contract.size_px > LARGEST_SIDE,
        `its network takes ${contract.size_px} pixels a side, not ${SMALLEST_SIDE} to ${LARGEST_SIDE}; export it again`],
      [![...contract.inputs, contract.output].every((tensor) => fits(tensor, contract.size_px)),
        "its tensors are of another size than its network; export it again"],
    ];
    const found = faults.find(([applies]) => applies);
    if (found) throw new ManifestError(`${this.file}: ${found[1]}`);
  }
}

const fallsShort = ({ slices, max_rise_free, max_rise_object }) =>
  slices.some(({ slice, lpips_rise }) => !(lpips_rise <= (slice === "large" ? max_rise_free : max_rise_object)));

/** Whether a tensor's shape is that of squares of that side. */
function fits({ layout, shape, colour }, side) {
  const channels = colour === "RGB" ? 3 : 1;
  const expected = { NCHW: [1, channels, side, side], NHWC: [1, side, side, channels], image: [side, side] }[layout];
  return shape.length === expected.length && shape.every((length, n) => length === expected[n]);
}

/** The SHA-256 of bytes, in hex. */
export async function sha256Of(bytes) {
  if (!globalThis.crypto?.subtle) {
    throw new ManifestError("the artifact cannot be checked here: open the page over https, or from localhost");
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
