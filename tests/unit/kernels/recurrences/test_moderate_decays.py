"""The products for decays that are known to be moderate, against the recurrence token by token."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from icl_lab.kernels.backend import using
from icl_lab.kernels.recurrences import rank_one_recurrence, reference
from tests.unit.models.toys import assert_same, randn

LOWEST = -0.6
SHAPE = (2, 3, 70, 5)


def problem() -> list[Tensor]:
    """Queries, keys, values, both factors, and decays that are often the strongest possible."""
    q, k, v, direction, noise = (randn(*SHAPE, seed=seed) for seed in range(5))
    kappa = normalize(direction, dim=-1)
    log_decay = (0.6 * noise).clamp(min=LOWEST, max=0)
    return [q, k, v, -0.5 * kappa, kappa, log_decay]


def test_outputs_state_and_gradients_are_those_of_the_recurrence() -> None:
    weight, state = randn(*SHAPE, seed=7), randn(2, 3, 5, 5, seed=8)
    found = []
    for run, settings in ((rank_one_recurrence, {"lowest": LOWEST}), (reference.rank_one_recurrence, {})):
        leaves = [x.clone().requires_grad_() for x in problem()]
        o, last = run(*leaves, initial_state=state, return_state=True, **settings)
        found.append([o, last, *torch.autograd.grad((o * weight).sum() + last.sum(), leaves)])
    for ours, theirs in zip(*found, strict=True):
        assert_same(ours, theirs, scale=float(theirs.detach().abs().max()))


def test_float32_is_as_exact_as_without_the_bound() -> None:
    exact = reference.rank_one_recurrence(*problem())
    single = [x.float() for x in problem()]
    with using("vectorised"):
        errors = [
            (rank_one_recurrence(*single, lowest=lowest).double() - exact).abs().max()
            for lowest in (LOWEST, -torch.inf)
        ]
    # Both round in another order: a factor of 4 is far below the e^9.6 that a badly placed product would lose.
    assert errors[0] < 4 * errors[1]
