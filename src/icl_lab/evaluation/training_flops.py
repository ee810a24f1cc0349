"""Operations of the forward and backward pass over one prompt, counted block by block.

A block of a kind, a width and a number of tokens does the same wherever it stands, so it is counted once and is added
up as often as networks have it: twenty layers cost no more time than one, and many networks share their blocks. Every
block hands a gradient on, since what reads the tokens is trained.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from icl_lab.core.streams import Stream
from icl_lab.kernels.flops import Operations, count_operations
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.channel_mixers.base import ChannelMixerSpec
from icl_lab.models.mixers.base import MixerSpec
from icl_lab.models.network import Network, NetworkSpec
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
        network = _built(spec)
        return _trained(lambda batch: network.predict(prompts.rows(slice(0, batch)))).a_prompt
    first, width, num_tokens = spec.backbone.pattern[0], spec.backbone.d_model, prompts.tokens.shape[1]
    # Any block will do to build it with, and two depths have the first one in common.
    shallow = spec.replace(backbone=spec.backbone.replace(pattern=(first,)))
    counted: Operations = _operations_around(shallow, num_tokens)
    for block in spec.backbone.pattern:
        counted += _block_operations(block, width, num_tokens)
    return counted.a_prompt


def _around(spec: NetworkSpec, num_tokens: int) -> Operations:
    """Of reading tokens in and predictions out."""
    network = _built(spec)
    features = () if spec.vocabulary else (spec.d_token,)
    tokens = torch.zeros(2, num_tokens, *features, dtype=torch.long if spec.vocabulary else None)
    return _trained(lambda batch: network.read_out(network.embedded(tokens[:batch])))


def _block(block: MixerSpec | ChannelMixerSpec, width: int, num_tokens: int) -> Operations:
    network = _built(NetworkSpec(d_token=1, backbone=BackboneSpec(d_model=width, pattern=(block,))))
    return _trained(lambda batch: network.backbone(torch.zeros(batch, num_tokens, width, requires_grad=True)))


# mypy takes the hash of a protocol for that of its instances.
_operations_around: Any = cache(_around)
_block_operations: Any = cache(_block)


def _trained(predict: Callable[[int], Tensor]) -> Operations:
    return count_operations(lambda batch: torch.autograd.backward(predict(batch).sum()))


def _built(spec: NetworkSpec) -> Network:
    network = Network(spec, STREAM.child("weights").torch_generator(), label="")
    network.reseed(STREAM.child("dropout").torch_generator())
    return network
