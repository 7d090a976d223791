"""The licence notices of what an app carries: the weights, what runs them, and our own code."""

from __future__ import annotations

from mobile_inpaint.artifact import Contract

_MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom
the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""

_APACHE = "Licensed under the Apache License, Version 2.0; you may obtain a copy at\nhttp://www.apache.org/licenses/LICENSE-2.0"

_TEXTS = {"MIT": _MIT, "Apache-2.0": _APACHE}

_RUNTIMES = {
    "onnx": ("ONNX Runtime", "MIT", "Copyright (c) Microsoft Corporation"),
    "tflite": ("TensorFlow Lite / LiteRT", "Apache-2.0", "Copyright The TensorFlow Authors and Google LLC"),
}
"""Core ML is part of the system."""


def text(contract: Contract) -> str:
    """What to show in the app, for an artifact of this contract.

    Of a licence whose text is not here, the name and the copyright stand; its text is then to be added by hand, as it says.
    """
    weights = contract.provenance
    pieces = [
        ("Weights of the network: " + weights.checkpoint, weights.licence, f"{weights.copyright}\n{weights.paper}"),
        *([_RUNTIMES[contract.target]] if contract.target in _RUNTIMES else []),
        ("mobile-inpaint", "Apache-2.0", "Copyright the mobile-inpaint authors"),
    ]
    rule = "-" * 72
    return f"\n{rule}\n\n".join(f"{name}\n{licence}, {whose}\n\n{_text(licence)}\n" for name, licence, whose in pieces)


def _text(licence: str) -> str:
    return _TEXTS.get(
        licence, f"The text of this licence ({licence}) is not part of mobile-inpaint: add it here before you ship."
    )
