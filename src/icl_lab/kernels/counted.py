"""The operations as `flops.counting` runs them: those of `vectorised`, the scan without its loop over tokens.

Its numbers mean nothing. Its matrix products are those of the loop, forward and backward, all tokens in one; under a
counter, which pays for every call of an operator, a loop takes seconds at some hundred tokens.

b batch   t num_tokens   e channels   n d_state
"""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels import composition, vectorised
from icl_lab.kernels.reference import causal_conv1d_step, selective_scan_step
from icl_lab.kernels.vectorised import causal_conv1d

__all__ = ["causal_conv1d", "causal_conv1d_step", "mamba_inner", "selective_scan", "selective_scan_step"]


def at_once(
    dt: Float[Tensor, "b t e"],
    driven: Float[Tensor, "b t e"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b t n"],
    C: Float[Tensor, "b t n"],
    state: Float[Tensor, "b e n"],
) -> tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
    """What stands for the loop: states that depend on all that its states depend on, in one element-wise step.

    So gradients are asked for where the loop is asked for them. `driven` depends on dt.
    """
    states = torch.addcmul((state * A)[:, None], driven[..., None], B[:, :, None, :])
    return (states @ C[..., None])[..., 0], states[:, -1]


selective_scan = partial(vectorised.selective_scan, loop=at_once)
mamba_inner = partial(composition.mamba_inner, convolve=causal_conv1d, scan=selective_scan)
