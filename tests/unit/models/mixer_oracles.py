"""How a mixer is compared with another computation of it: outputs and every gradient, float64."""

from collections.abc import Callable

import torch
from torch import Tensor

from icl_lab.models.mixers.base import MixerSpec, SequenceMixer, Site
from tests.unit.models.toys import assert_same, generator, randn, scramble

D_MODEL, LENGTH = 16, 21
Pairs = list[tuple[Tensor, Tensor]]


def built(spec: MixerSpec) -> SequenceMixer:
    mixer = spec.build(Site(D_MODEL, 4, generator())).double()
    scramble(mixer)
    return mixer


def assert_same_outputs_and_gradients(
    ours: SequenceMixer, theirs: Callable[[Tensor], Tensor], pairs: Pairs | None = None
) -> None:
    """Our output and gradients are those of another computation, with the weights copied where it has its own."""
    with torch.no_grad():
        for mine, peer in pairs or ():
            peer.copy_(mine.reshape(peer.shape))
    x, cotangent = randn(2, LENGTH, D_MODEL), randn(2, LENGTH, D_MODEL, seed=1)
    results = []
    for computation in (ours, theirs):
        given = x.clone().requires_grad_()
        output = computation(given)
        (output * cotangent).sum().backward()
        gradients = [p.grad for p in ours.parameters()] if pairs is None else None
        results.append((output, given.grad, gradients))
        if pairs is None:
            ours.zero_grad()
    (mine, my_grad, my_weights), (peer, peer_grad, peer_weights) = results
    assert_same(mine, peer)
    assert_same(my_grad, peer_grad, scale=10.0)
    compared = (
        [(a.grad, b.grad.reshape(a.shape)) for a, b in pairs] if pairs else zip(my_weights, peer_weights, strict=True)
    )
    for one, other in compared:
        assert_same(one, other, scale=10.0)


def heads(x: Tensor, count: int) -> Tensor:
    return x.unflatten(-1, (count, -1)).transpose(1, 2)
