"""Any pattern of blocks as a model: `mamba (attention mamba)*2` is one wherever a preset's name is taken."""

from dataclasses import dataclass

from icl_lab.core.bounds import Count
from icl_lab.models.backbone import BackboneSpec, NormOrder
from icl_lab.models.initialisation import Norm
from icl_lab.models.network import NetworkSpec
from icl_lab.models.notation import read_block, read_pattern
from icl_lab.models.presets.base import PRESETS, Positions, Preset, resolve_blocks, resolve_num_positions
from icl_lab.tasks.base import Task

BEFORE, AFTER = "(", "*2)*L"


def two_a_layer(block: str) -> str:
    """The notation of a model that has one kind of block, two a layer.

    >>> two_a_layer("mamba3")
    '(mamba3*2)*L'
    """
    return f"{BEFORE}{block}{AFTER}"


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class Pattern(Preset):
    """The blocks of a notation, a norm before each and at the end; its label is the notation.

    Args:
        blocks: Names of mixers and channel mixers; groups in parentheses, `*3` repeats, `*L` repeats `num_layers`
            times: `"mamba (attention mamba)*L"`, `"(mamba*3 attention)*2"`, `"mamba mlp (attention mlp)*(L-1)"`.
        positions: Learned position vectors, or none; rotary positions are a setting of attention.
        num_positions: Learned positions; by default as many as the prompts in training have tokens.
        norm: `"layer"` or `"rms"`.
        norm_order: `"pre"` or `"post"`.
    """

    formula = "blocks, in order"
    source = "Park et al. 2024 (arXiv 2402.04248), for hybrids as patterns"

    blocks: str = "mamba (attention mamba)*L"
    positions: Positions = "none"
    num_positions: Count | None = None
    norm: Norm = "layer"
    norm_order: NormOrder = "pre"

    def __post_init__(self) -> None:
        super().__post_init__()
        read_pattern(self.blocks, self.num_layers)

    @property
    def word(self) -> str:
        if read_block(self.blocks) is not None:
            return f"{self.blocks}*1"  # the name alone stands for two blocks a layer
        block = self.blocks.removeprefix(BEFORE).removesuffix(AFTER)
        named = read_block(block) if self.blocks == two_a_layer(block) else None
        return self.blocks if named is None or named[0] in PRESETS else block

    def network(self, task: Task) -> NetworkSpec:
        return NetworkSpec(
            d_token=task.d_token,
            vocabulary=task.vocabulary,
            d_output=task.d_output,
            backbone=BackboneSpec(
                d_model=self.d_model,
                pattern=resolve_blocks(read_pattern(self.blocks, self.num_layers), task),
                norm=self.norm,
                norm_order=self.norm_order,
            ),
            num_positions=resolve_num_positions(self.spec_name(), self.positions, self.num_positions, task),
        )
