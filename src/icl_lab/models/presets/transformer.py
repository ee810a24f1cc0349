"""The Transformer of both papers: GPT-2's blocks between a linear read-in and read-out."""

from dataclasses import dataclass
from typing import Literal

from icl_lab.core.bounds import Count
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.channel_mixers.mlp import MLP
from icl_lab.models.heads import heads_of
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Positions, Preset, Recipe, resolve_num_positions
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class Transformer(Preset):
    """Attention and MLP in turn, layer norm before each and at the end, GPT-2's initialisation, no dropout.

    Args:
        num_heads: Attention heads; a divisor of `d_model`. By default each is 32 wide, as in both papers (8 of 256).
        recipe: Whose details; they differ in `positions` only.
        positions: By default the recipe's: `"learned"` for Park et al., `"none"` for Grazzi et al.
        num_positions: Learned positions; by default as many as the prompts in training have tokens. The released code
            has more than it uses, twice its `n_positions`: 202 for contexts of 41 and 101, 2,048 for 512.
    """

    formula = "(attention, mlp) * num_layers"
    source = "Park et al. 2024 (arXiv 2402.04248); Grazzi et al. 2024 (arXiv 2402.03170)"

    num_heads: Count | None = None
    recipe: Recipe = "park"
    positions: Positions | None = None
    num_positions: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        heads_of(self.spec_name(), self.d_model, self.num_heads)

    def network(self, task: Task) -> NetworkSpec:
        positions = self.positions or ("learned" if self.recipe == "park" else "none")
        rotary: Literal["rotary", "none"] = "rotary" if positions == "rotary" else "none"
        layer = (Attention(num_heads=self.num_heads, positions=rotary, init="gpt2"), MLP(init="gpt2"))
        return NetworkSpec(
            d_token=task.d_token,
            vocabulary=task.vocabulary,
            d_output=task.d_output,
            backbone=BackboneSpec(d_model=self.d_model, pattern=layer * self.num_layers),
            num_positions=resolve_num_positions(self.spec_name(), positions, self.num_positions, task),
        )
