"""The S4 of both papers, which is S4D: a time-invariant state space model, no positions."""

from dataclasses import dataclass

from icl_lab.core.bounds import Count, Fraction
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.mixers.s4d import S4D
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Preset, Recipe
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class S4(Preset):
    """Two S4D blocks a layer.

    Args:
        recipe: Whose details. Park et al.: layer norm before each block and at the end, 16 numbers of state a channel,
            no dropout. Grazzi et al.: layer norm after each block and none at the end, 64 numbers of state, and the
            dropout of 0.1 that stands in their released code and against their text.
        d_state: Numbers of state a channel, even; the recipe's by default.
        dropout: Rate at which channels are dropped; the recipe's by default. `recipe="grazzi", dropout=0.0` is the
            corrected variant.
    """

    formula = "(s4d, s4d) * num_layers"
    source = (
        "Gu et al. 2022 (arXiv 2206.11893); Park et al. 2024 (arXiv 2402.04248); Grazzi et al. 2024 (arXiv 2402.03170)"
    )

    recipe: Recipe = "park"
    d_state: Count | None = None
    dropout: Fraction | None = None

    def network(self, task: Task) -> NetworkSpec:
        park = self.recipe == "park"
        d_state = self.d_state or (16 if park else 64)
        dropout = self.dropout if self.dropout is not None else (0.0 if park else 0.1)
        backbone = BackboneSpec(
            d_model=self.d_model,
            pattern=(S4D(d_state=d_state, dropout=dropout),) * (2 * self.num_layers),
            norm_order="pre" if park else "post",
            final_norm=park,
        )
        return NetworkSpec(d_token=task.d_token, vocabulary=task.vocabulary, d_output=task.d_output, backbone=backbone)
