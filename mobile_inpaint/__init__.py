"""Small inpainting networks, from training to a phone: the public names.

Importing this package loads neither torch nor any converter; a name below loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobile_inpaint.models.registry import create_model, list_models
    from mobile_inpaint.photo.compositor.compositor import Compositor
    from mobile_inpaint.photo.image import Fill, Image, Photo
    from mobile_inpaint.photo.mask import Mask
    from mobile_inpaint.targets.registry import list_targets, load_artifact, load_pipeline

__version__ = "0.2.0"
__all__ = [
    "Compositor",
    "Fill",
    "Image",
    "Mask",
    "Photo",
    "create_model",
    "list_models",
    "list_targets",
    "load_artifact",
    "load_pipeline",
]

_HOME = {
    "Compositor": "mobile_inpaint.photo.compositor.compositor",
    "Fill": "mobile_inpaint.photo.image",
    "Image": "mobile_inpaint.photo.image",
    "Mask": "mobile_inpaint.photo.mask",
    "Photo": "mobile_inpaint.photo.image",
    "create_model": "mobile_inpaint.models.registry",
    "list_models": "mobile_inpaint.models.registry",
    "list_targets": "mobile_inpaint.targets.registry",
    "load_artifact": "mobile_inpaint.targets.registry",
    "load_pipeline": "mobile_inpaint.targets.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mobile_inpaint' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
