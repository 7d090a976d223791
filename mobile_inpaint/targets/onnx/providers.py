"""On what ONNX Runtime computes: the execution provider that ``--device`` names.

The environment variable :data:`DEVICE` carries it into the process that runs the file (targets/guarded.py).
"""

from __future__ import annotations

import os

from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.quoting import quoted

DEVICE = "MOBILE_INPAINT_DEVICE"
_CPU = "CPUExecutionProvider"
_NAMES = {"cpu": _CPU, "cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider"}
_SUFFIX = "ExecutionProvider"


def providers() -> list[str]:
    """The execution providers to ask for; what the first cannot do, the CPU does.

    Raises:
        ToolchainMissing: this ONNX Runtime has none of that name.
    """
    import onnxruntime

    device = os.environ.get(DEVICE) or "cpu"
    have = onnxruntime.get_available_providers()
    wanted = _NAMES.get(device.lower(), device).removesuffix(_SUFFIX).lower()
    found = next((name for name in have if name.removesuffix(_SUFFIX).lower() == wanted), None)
    if found is None:
        names = ", ".join(name.removesuffix(_SUFFIX) for name in have)
        raise ToolchainMissing(
            f"--device {quoted(device)}: this ONNX Runtime has {names}; leave --device out to run on the CPU, "
            "or install the onnxruntime package for that device"
        )
    return [found] if found == _CPU else [found, _CPU]
