"""Small inpainting networks, from training to a phone: the public names.

::

    import mobile_inpaint as mi

    mi.fill("photo.jpg", "mask.png").save("result.png")

Importing this package loads neither torch nor any converter. A name below loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mobile_inpaint.version import __version__ as __version__

if TYPE_CHECKING:
    from mobile_inpaint import errors
    from mobile_inpaint.api.bench import bench
    from mobile_inpaint.api.evaluate import evaluate
    from mobile_inpaint.api.fill import fill
    from mobile_inpaint.api.verify import verify
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.export.run import export
    from mobile_inpaint.models.registry import create_model, list_models, open_checkpoint
    from mobile_inpaint.photo.compositor.compositor import Compositor
    from mobile_inpaint.photo.compositor.detail import Detail
    from mobile_inpaint.photo.image import Fill, Image, Photo
    from mobile_inpaint.photo.mask import Mask
    from mobile_inpaint.targets.registry import list_targets, load_artifact, load_pipeline

__all__ = [
    "Artifact",
    "Compositor",
    "Detail",
    "Fill",
    "Image",
    "Mask",
    "Photo",
    "bench",
    "create_model",
    "errors",
    "evaluate",
    "export",
    "fill",
    "list_models",
    "list_targets",
    "load_artifact",
    "load_pipeline",
    "open_checkpoint",
    "verify",
]

_HOME = {
    "Artifact": "mobile_inpaint.artifact",
    "Compositor": "mobile_inpaint.photo.compositor.compositor",
    "Detail": "mobile_inpaint.photo.compositor.detail",
    "Fill": "mobile_inpaint.photo.image",
    "Image": "mobile_inpaint.photo.image",
    "Mask": "mobile_inpaint.photo.mask",
    "Photo": "mobile_inpaint.photo.image",
    "bench": "mobile_inpaint.api.bench",
    "create_model": "mobile_inpaint.models.registry",
    "evaluate": "mobile_inpaint.api.evaluate",
    "export": "mobile_inpaint.export.run",
    "fill": "mobile_inpaint.api.fill",
    "list_models": "mobile_inpaint.models.registry",
    "list_targets": "mobile_inpaint.targets.registry",
    "load_artifact": "mobile_inpaint.targets.registry",
    "load_pipeline": "mobile_inpaint.targets.registry",
    "open_checkpoint": "mobile_inpaint.models.registry",
    "verify": "mobile_inpaint.api.verify",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("mobile_inpaint.errors")
    if name not in _HOME:
        raise AttributeError(f"module 'mobile_inpaint' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


class _CallablePackage(ModuleType):
    """A package that is the function of its name too: ``mobile_inpaint.bench(...)``, ``mobile_inpaint.bench.devices``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return __getattr__(self.__name__.rpartition(".")[2])(*args, **kwargs)

    @property
    def __wrapped__(self) -> Any:  # where inspect.signature looks
        return __getattr__(self.__name__.rpartition(".")[2])

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self.__wrapped__.__doc__


class _Package(ModuleType):
    """This package. Python binds a package inside it to its name here, where two names are those of functions as well."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
