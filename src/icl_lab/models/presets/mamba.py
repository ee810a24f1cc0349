"""The Mamba of both papers: Mamba blocks and nothing else, no positions."""

from dataclasses import dataclass
from typing import Annotated, Literal

from icl_lab.core.bounds import Bounds, Count
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.initialisation import Norm
from icl_lab.models.mixers import mamba
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Preset, Recipe
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class Mamba(Preset):
    """Two Mamba blocks a layer, a norm before each and at the end.

    Args:
        d_state: Numbers of state a channel.
        d_conv: Tokens that the convolution before the scan sees; 0 leaves it out.
        gate: Whether the output of the scan is gated.
        selective: What depends on the token: dt, B and C (`"all"`), or only some of them.
        recipe: Whose details: layer norm for Park et al., RMS norm for Grazzi et al.
    """

    formula = "(mamba, mamba) * num_layers"
    source = (
        "Gu & Dao 2023 (arXiv 2312.00752); Park et al. 2024 (arXiv 2402.04248); Grazzi et al. 2024 (arXiv 2402.03170)"
    )

    d_state: Count = 16
    d_conv: Annotated[int, Bounds(low=0, high=8)] = 4
    gate: bool = True
    selective: Literal["all", "B_C", "dt", "none"] = "all"
    recipe: Recipe = "park"

    def network(self, task: Task) -> NetworkSpec:
        block = mamba.Mamba(d_state=self.d_state, d_conv=self.d_conv, gate=self.gate, selective=self.selective)
        norm: Norm = "layer" if self.recipe == "park" else "rms"
        return NetworkSpec(
            d_token=task.d_token,
            vocabulary=task.vocabulary,
            d_output=task.d_output,
            backbone=BackboneSpec(d_model=self.d_model, pattern=(block,) * (2 * self.num_layers), norm=norm),
        )
