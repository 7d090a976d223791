"""The commands by section of the help, an example of each, and the words that other tools use for them."""

from __future__ import annotations

SECTIONS: dict[str, dict[str, str]] = {
    "Use": {
        "fill": "Erase what a mask covers from a photo.",
        "bundle": "Put a verified artifact into an app.",
        "serve": "Show the web app in a browser.",
        "weights": "Fetch, add, list and remove checkpoints.",
    },
    "Export": {
        "export": "Export a network to ONNX, TFLite or Core ML, and verify the file.",
        "verify": "Repeat an artifact's verification on this machine.",
        "lint": "Predict what phones will refuse in a model file.",
    },
    "Measure": {
        "bench": "Measure the latency of artifacts on a device.",
        "compare": "Compare two reports of bench.",
        "report": "Write the measurements as Markdown and as a page with plots.",
        "which": "Choose an artifact for a class of devices, from measurements.",
        "evaluate": "Score results against ground truth.",
    },
    "Train": {
        "train": "Train or fine-tune a network on photos.",
        "photos": "List and fetch openly licensed photos to train and judge on.",
    },
    "Inspect": {
        "info": "Show an artifact's contract, licence and verification.",
        "models": "List the networks.",
        "targets": "List the export formats and what each needs.",
        "devices": "List the devices that bench knows.",
        "doctor": "Check what each command needs, and say how to get what is missing.",
    },
}
VERBS = {verb: line for verbs in SECTIONS.values() for verb, line in verbs.items()}
"""Each command and the line that the list of commands has about it."""
GROUPS = ("weights", "photos")
"""Verbs that have verbs of their own."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "mobile-inpaint fill photo.jpg -m mask.png -o result.jpg",
        "mobile-inpaint export --target onnx",
    ),
    "fill": (
        "mobile-inpaint fill photo.jpg -m mask.png -o result.jpg",
        "mobile-inpaint fill photo.jpg -m mask.png -o result.png --grow auto",
        "mobile-inpaint fill photos/ -m masks/ -o results/ --resume",
    ),
    "bundle": ("mobile-inpaint bundle artifacts/migan-lite-fp16.onnx --app web",),
    "serve": ("mobile-inpaint serve --open",),
    "weights": ("mobile-inpaint weights fetch migan-512-places2",),
    "weights list": ("mobile-inpaint weights list",),
    "weights fetch": ("mobile-inpaint weights fetch migan-512-places2",),
    "weights add": ("mobile-inpaint weights add mine run/model.safetensors",),
    "weights path": ("mobile-inpaint weights path migan-lite",),
    "weights remove": ("mobile-inpaint weights remove mine",),
    "export": (
        "mobile-inpaint export --target onnx",
        "mobile-inpaint export --target all --precision fp32 --precision fp16",
        "mobile-inpaint export --target tflite --precision w8a8 --calib-data photos/",
    ),
    "verify": ("mobile-inpaint verify artifacts/migan-lite-fp16.onnx",),
    "lint": ("mobile-inpaint lint artifacts/migan-lite-fp16.onnx --for nnapi --for qnn",),
    "bench": (
        "mobile-inpaint bench artifacts/migan-lite-fp16.onnx --compare paper",
        "mobile-inpaint bench a.tflite b.tflite --device android --record DIR",
    ),
    "compare": ("mobile-inpaint compare before.json after.json --fail-on-regression 5%",),
    "report": ("mobile-inpaint report DIR --out page/",),
    "which": ("mobile-inpaint which --device-class phone-mid --max-ms 100",),
    "evaluate": ("mobile-inpaint evaluate migan-lite telea --photos photos/ --limit 30",),
    "train": (
        "mobile-inpaint train --photos photos/ --dry-run",
        "mobile-inpaint train --from migan-512-places2 --photos photos/ -o run/",
    ),
    "photos": ("mobile-inpaint photos fetch train -o photos/",),
    "photos list": ("mobile-inpaint photos list train",),
    "photos fetch": ("mobile-inpaint photos fetch train -o photos/",),
    "info": ("mobile-inpaint info artifacts/migan-lite-fp16.onnx",),
    "models": ("mobile-inpaint models",),
    "targets": ("mobile-inpaint targets",),
    "devices": ("mobile-inpaint devices",),
    "doctor": ("mobile-inpaint doctor", "mobile-inpaint doctor export bench"),
}
"""By command; a test reads each line with the command's own parser."""

OPTION_GROUPS = {
    "fill": {
        "Mask options": ("hole", "grow", "allow_full"),
        "Model options": ("model", "artifact", "device", "threads", "detail"),
        "Photo and file options": ("quality", "format", "keep_alpha", "max_pixels", "overwrite", "resume"),
    },
}
"""By command and heading the parameters that stand under it, in addition to what the command itself says of them."""

COMMANDS_OF_OTHERS = {
    "erase": "fill",
    "inpaint": "fill",
    "infer": "fill",
    "predict": "fill",
    "remove": "fill",
    "run": "fill",
    "convert": "export",
    "quantize": "export --precision w8a8",
    "quantise": "export --precision w8a8",
    "benchmark": "bench",
    "time": "bench",
    "profile": "bench",
    "diff": "compare",
    "check": "verify",
    "validate": "verify",
    "val": "evaluate",
    "score": "evaluate",
    "finetune": "train",
    "fine-tune": "train",
    "download": "weights fetch",
    "fetch": "weights fetch",
    "pull": "weights fetch",
    "list": "models",
    "formats": "targets",
    "start": "serve",
    "web": "serve",
    "show": "info",
    "inspect": "info",
    "help": "--help",
    "version": "--version",
}
OPTIONS_OF_OTHERS = {
    "": {"--verbose": "", "-v": "--version"},
    "fill": {
        "--image": "PHOTO",
        "--input": "PHOTO",
        "--photo": "PHOTO",
        "--output": "--out",
        "--dilate": "--grow",
        "--weights": "--model",
        "--checkpoint": "--model",
        "--force": "--overwrite",
    },
    "export": {
        "--format": "--target",
        "--to": "--target",
        "--output": "--out",
        "--weights": "--model",
        "--checkpoint": "--model",
        "--dtype": "--precision",
        "--int8": "--precision w8a8",
        "--half": "--precision fp16",
        "--fp16": "--precision fp16",
        "--fp32": "--precision fp32",
        "--quantize": "--precision w8a8",
        "--data": "--calib-data",
    },
    "verify": {"--weights": "--model", "--checkpoint": "--model"},
    "bench": {"--runs": "--iterations", "--repeat": "--iterations", "--baseline": "--compare", "--out": "--record"},
    "evaluate": {"--data": "--photos", "--masks": "--holes", "--output": "--out", "--model": "WHAT"},
    "train": {
        "--data": "--photos",
        "--dataset": "--photos",
        "--epochs": "--steps",
        "--iterations": "--steps",
        "--weights": "--from",
        "--checkpoint": "--from",
        "--model": "--from",
        "--output": "--out",
        "--lr": "--config",
        "--batch": "--config",
        "--batch-size": "--config",
    },
    "bundle": {"--target": "--app", "--out": "--into"},
    "serve": {"--into": "FOLDER", "--address": "--host"},
}
"""What the same option is called elsewhere, by command; in capitals an argument that stands without an option."""
