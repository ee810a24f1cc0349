"""Park et al.'s standard hybrid: attention and Mamba blocks in turn, with learned positions."""

from dataclasses import dataclass
from typing import Literal

from icl_lab.core.bounds import Count, NonNegative
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.heads import heads_of
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Positions, Preset, resolve_num_positions
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class StandardHybrid(Preset):
    """An attention and a Mamba block a layer, layer norm before each and at the end; attention starts as torch has it.

    Args:
        num_heads: Attention heads; a divisor of `d_model`. By default each is 32 wide, as in the paper (8 of 256).
        positions: `"learned"` in the paper's main variant, `"none"` in its ablation.
        num_positions: Learned positions; by default as many as the prompts in training have tokens. The released code
            has 101 for contexts of 41.
        position_std: Standard deviation of the initial positions: 0.02, as in the Transformer it is compared with. The
            released code draws them with 1.0, as large as the embeddings themselves.
    """

    formula = "(attention, mamba) * num_layers"
    source = "Park et al. 2024 (arXiv 2402.04248)"

    num_heads: Count | None = None
    positions: Positions = "learned"
    num_positions: Count | None = None
    position_std: NonNegative = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        heads_of(self.spec_name(), self.d_model, self.num_heads)

    def network(self, task: Task) -> NetworkSpec:
        rotary: Literal["rotary", "none"] = "rotary" if self.positions == "rotary" else "none"
        layer = (Attention(num_heads=self.num_heads, positions=rotary), Mamba())
        return NetworkSpec(
            d_token=task.d_token,
            vocabulary=task.vocabulary,
            d_output=task.d_output,
            backbone=BackboneSpec(d_model=self.d_model, pattern=layer * self.num_layers),
            num_positions=resolve_num_positions(self.spec_name(), self.positions, self.num_positions, task),
            position_std=self.position_std,
        )
