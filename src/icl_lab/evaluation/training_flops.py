"""Operations of the forward and backward pass over one prompt, counted block by block.

A block of a kind, a width and a number of tokens does the same wherever it stands, so it is counted once and is added
up as often as networks have it: twenty layers cost no more time than one, and many networks share their blocks. Every
block hands a gradient on, since what reads the tokens is trained.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.kernels.flops import Operations, count_operations
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.channel_mixers.base import ChannelMixerSpec
from icl_lab.models.mixers.base import MixerSpec
from icl_lab.models.network import Network, NetworkSpec, build_network
from icl_lab.models.presets.base import Preset
from icl_lab.tasks.base import Task

# Operations depend on shapes only, so the numbers in prompts and weights may be any.
STREAM = Stream(0).child("size")


def training_flops(preset: Preset, task: Task) -> int:
    """Floating-point operations of training on one prompt, with its share of what a batch of 64 computes once.

    Args:
        preset: The model; none of its depth is built.
        task: Whose prompts it reads.

    Raises:
        UserError: It cannot be built.
    """
    spec, prompts = preset.network(task), task.sample(STREAM, step=0, batch=2)
    if prompts.branches is not None:
        # Pieces of a prompt are read after each other, from a state.
        return _network_operations(_built(spec), prompts).a_prompt
    first, width = spec.backbone.pattern[0], spec.backbone.d_model
    without = _built(spec.replace(backbone=spec.backbone.replace(pattern=(first,))))
    without.backbone = nn.Identity()  # type: ignore[assignment]
    counted = _network_operations(without, prompts)
    of_block: Any = _block_operations  # mypy takes the hash of a protocol for that of its instances
    for block in spec.backbone.pattern:
        counted += of_block(block, width, prompts.tokens.shape[1])
    return counted.a_prompt


@cache
def _block_operations(block: MixerSpec | ChannelMixerSpec, width: int, num_tokens: int) -> Operations:
    network = _built(NetworkSpec(d_token=1, backbone=BackboneSpec(d_model=width, pattern=(block,))))
    return _trained(lambda batch: network.backbone(torch.zeros(batch, num_tokens, width, requires_grad=True)))


def _network_operations(network: Network, prompts: PromptBatch) -> Operations:
    return _trained(lambda batch: network.predict(prompts.rows(slice(0, batch))))


def _trained(predict: Callable[[int], Tensor]) -> Operations:
    return count_operations(lambda batch: torch.autograd.backward(predict(batch).sum()))


def _built(spec: NetworkSpec) -> Network:
    network = build_network(spec, STREAM.child("weights").torch_generator(), label="")
    network.reseed(STREAM.child("dropout").torch_generator())
    return network
