"""MambaFormer (Park et al. 2024): a Mamba block in the place of positions, then attention and Mamba blocks in turn."""

from dataclasses import dataclass

from icl_lab.core.bounds import Count
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.heads import heads_of
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class MambaFormer(Preset):
    """A Mamba block, then an attention and a Mamba block a layer, layer norm before each and at the end.

    Args:
        num_heads: Attention heads; a divisor of `d_model`. By default each is 32 wide, as in the paper (8 of 256).
    """

    formula = "(mamba,) + (attention, mamba) * num_layers"
    source = "Park et al. 2024 (arXiv 2402.04248)"

    num_heads: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        heads_of(self.spec_name(), self.d_model, self.num_heads)

    def network(self, task: Task) -> NetworkSpec:
        layer = (Attention(num_heads=self.num_heads), Mamba())
        backbone = BackboneSpec(
            d_model=self.d_model,
            pattern=(Mamba(), *layer * self.num_layers),
            # As released: the block in front is not counted where projections are scaled by depth.
            depth=2 * self.num_layers,
        )
        return NetworkSpec(d_token=task.d_token, vocabulary=task.vocabulary, d_output=task.d_output, backbone=backbone)
