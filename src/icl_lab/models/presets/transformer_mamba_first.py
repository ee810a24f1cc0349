"""A Transformer with only its first block replaced by Mamba: an ablation of Park et al. (2024)."""

from dataclasses import dataclass

from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class TransformerMambaFirst(Transformer):
    """The Transformer with a Mamba block in the place of its first attention block, and nothing else changed.

    Whether the paper replaced the MLP after it too, and whether it kept positions, is not known; here both stay as they
    are. `positions="none"` is the other variant.
    """

    formula = "(mamba, mlp) + (attention, mlp) * (num_layers - 1)"
    source = "Park et al. 2024 (arXiv 2402.04248), the ablation on sparse parity"

    def network(self, task: Task) -> NetworkSpec:
        transformer = super().network(task)
        _, *others = transformer.backbone.pattern
        return transformer.replace(backbone=transformer.backbone.replace(pattern=(Mamba(), *others)))
