"""Coordinate check: how large the numbers in a network are, against its width, at the start and after a few steps.

A layer that is initialised well gives outputs whose size does not depend on the width, and an optimiser whose rate
carries over to other widths keeps it so (Yang et al. 2022, arXiv 2203.03466, appendix D.1).

b batch   t num_tokens   m d_model
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.streams import Stream
from icl_lab.models.backbone import Backbone, BackboneSpec
from icl_lab.models.mixers.base import MixerSpec, Site

WIDTHS = (32, 64, 128, 256, 512)
BATCH, NUM_TOKENS = 4, 64


def output_sizes(
    spec: MixerSpec, widths: Sequence[int] = WIDTHS, *, seeds: int = 1, num_tokens: int = NUM_TOKENS
) -> Float[np.ndarray, " widths"]:
    """Root mean square of a mixer's output at initialisation, for standard normal inputs.

    Args:
        spec: The mixer.
        widths: Of the model.
        seeds: Draws of weights and inputs that are averaged over.
        num_tokens: Tokens of a prompt.
    """
    sizes = np.zeros((len(widths), seeds))
    for i, d_model in enumerate(widths):
        for seed in range(seeds):
            generator = Stream(seed, ("coordinates",)).torch_generator()
            mixer = spec.build(Site(d_model, depth=1, generator=generator))
            x = torch.randn(BATCH, num_tokens, d_model, generator=generator)
            with torch.no_grad():
                sizes[i, seed] = rms(mixer(x))
    return np.sqrt(np.square(sizes).mean(axis=1))


def sizes_in_training(
    spec: MixerSpec, widths: Sequence[int] = WIDTHS, *, steps: int = 4, rate: float = 1e-3, num_tokens: int = NUM_TOKENS
) -> Float[np.ndarray, "widths steps_and_start"]:
    """Root mean square of what a block adds to the residual stream, at initialisation and after each step of Adam.

    The block (norm and mixer) is trained to move its standard normal inputs by one token, on one batch.

    Args:
        spec: The mixer.
        widths: Of the model.
        steps: Optimiser steps.
        rate: Learning rate; the same for all widths, which is what the check is about.
        num_tokens: Tokens of a prompt.
    """
    sizes = np.zeros((len(widths), steps + 1))
    for i, d_model in enumerate(widths):
        generator = Stream(0, ("coordinates",)).torch_generator()
        backbone = Backbone(BackboneSpec(d_model=d_model, pattern=(spec,), final_norm=False), generator)
        x = torch.randn(BATCH, num_tokens, d_model, generator=generator)
        optimiser = torch.optim.Adam(backbone.parameters(), lr=rate)
        for step in range(steps + 1):
            change = backbone(x) - x
            sizes[i, step] = rms(change.detach())
            optimiser.zero_grad()
            (change[:, 1:] - x[:, :-1]).square().mean().backward()
            optimiser.step()
    return sizes


def slope(widths: Sequence[int], sizes: Float[np.ndarray, " widths"]) -> float:
    """Exponent with which sizes grow with width: least squares in logarithms.

    >>> round(slope([32, 64, 128], np.array([3.0, 6.0, 12.0])), 6)
    1.0
    """
    return float(np.polyfit(np.log(widths), np.log(sizes), 1)[0])


def rms(x: Float[Tensor, "*shape"]) -> float:
    """Root mean square.

    >>> rms(torch.tensor([3.0, -3.0]))
    3.0
    """
    return math.sqrt(float(x.double().square().mean()))
