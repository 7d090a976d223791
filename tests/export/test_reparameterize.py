from __future__ import annotations

import pytest
import torch
from torch import nn

from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ExportError
from mobile_inpaint.export.reference_outputs import ReferenceOutputs
from mobile_inpaint.export.reparameterize import reparameterize
from mobile_inpaint.models.layers.repconv import RepConv2d
from mobile_inpaint.models.migan import blocks
from mobile_inpaint.models.migan import network as migan


def reference(model: migan.Generator) -> ReferenceOutputs:
    return ReferenceOutputs.of(model, golden_photos(64))


def test_the_copy_is_plain_and_the_original_untouched(small: migan.Generator) -> None:
    before = {key: value.clone() for key, value in small.state_dict().items()}
    plain = reparameterize(small, reference(small))
    left_over = (RepConv2d, blocks.Activation, blocks.FirUp, blocks.Noise, migan.ToPublished, migan.FromPublished)
    assert not [name for name, module in plain.named_modules() if isinstance(module, left_over)]
    after = small.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_clamp_that_matters_stays(small: migan.Generator) -> None:
    """A network whose activations do reach the clamp is folded exactly, clamp and all."""
    import copy

    loud = copy.deepcopy(small)
    with torch.no_grad():
        for name, parameter in loud.named_parameters():
            if name.endswith("depthwise.bias") and "encoder" in name:
                parameter.add_(300)
    measured = reference(loud)
    assert measured.largest_activation == 256
    plain = reparameterize(loud, measured)
    assert any(isinstance(module, blocks.Clamp) for module in plain.modules())


def test_a_block_whose_fuse_is_wrong_is_an_error(small: migan.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    measured, fuse = reference(small), RepConv2d.fuse

    def wrong(self: RepConv2d) -> nn.Conv2d:
        conv = fuse(self)
        conv.weight.data *= 1.001
        return conv

    monkeypatch.setattr(RepConv2d, "fuse", wrong)
    with pytest.raises(ExportError, match="re-parameterizing changed the network"):
        reparameterize(small, measured)
