"""Least squares of smallest norm where inputs do not span all coordinates, against NumPy's SVD."""

import numpy as np
import pytest
import torch

from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.parts import smallest_norm
from icl_lab.baselines.parts.smallest_norm import RANK_TOLERANCE
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.parts.layout import interleave

DIM, LENGTH = 8, 40


def prompts_of_ranks(ranks: list[tuple[int, ...]], noise: float = 0.5) -> PromptBatch:
    """One prompt for each entry, whose pieces of equal length span that many dimensions more; float32 as in a task."""
    generator = Stream(0, ("ranks",)).generator()
    inputs = []
    for pieces in ranks:
        basis = np.linalg.qr(generator.standard_normal((DIM, DIM))).Q
        z = generator.standard_normal((LENGTH, DIM))
        for piece, rank in enumerate(pieces):
            z[piece * LENGTH // len(pieces) : (piece + 1) * LENGTH // len(pieces), rank:] = 0.0
        inputs.append(z @ basis)
    xs = np.stack(inputs)
    ys = (xs @ generator.standard_normal((len(xs), DIM, 1)))[..., 0] + noise * generator.standard_normal(xs.shape[:2])
    return interleave(Examples(torch.from_numpy(xs).float(), torch.from_numpy(ys).float()))


@pytest.mark.parametrize(
    "ranks",
    [
        [(4,)] * 3,
        [(4,), (2,), (8,), (0,)],
        [(3, 5, 8), (3, 5, 5), (0, 4, 4)],
        [(1,), (0,)],
        [(0,)],
    ],
    ids=str,
)
def test_every_prefix_equals_numpy(ranks: list[tuple[int, ...]]) -> None:
    prompts = prompts_of_ranks(ranks)
    assert prompts.examples is not None
    xs, ys = prompts.examples.xs.double().numpy(), prompts.examples.ys.double().numpy()
    # Asked about what the inputs do not span, too: there a solution that is not the smallest shows.
    asked = np.ones_like(xs)
    queries = torch.from_numpy(asked).float()
    branched = interleave(Examples(prompts.examples.xs, prompts.examples.ys, asked=queries))
    predictions = LeastSquares().predict(branched).numpy()
    for b, i in np.ndindex(len(xs), LENGTH):
        if i == 0:
            continue
        values = np.linalg.svd(xs[b, :i], compute_uv=False)
        kept = values[values > RANK_TOLERANCE * values[0]]
        w = np.linalg.lstsq(xs[b, :i], ys[b, :i], rcond=RANK_TOLERANCE)[0]
        # Second moments square the condition, which is below 10^3 where they are used: 10^6 times float64's rounding.
        condition = kept[0] / kept[-1] if len(kept) else 1.0
        assert predictions[b, i] == pytest.approx(w.sum(), rel=1e-9, abs=1e-10 * max(1.0, condition)), (b, i)


def test_one_svd_a_prompt_does_for_a_subspace(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    by_svd = smallest_norm._by_svd

    def counted(xs: torch.Tensor, ys: torch.Tensor) -> object:
        asked.append(len(xs))
        return by_svd(xs, ys)

    monkeypatch.setattr(smallest_norm, "_by_svd", counted)
    LeastSquares().predict(prompts_of_ranks([(4,)] * 20))
    # Once where the rank stops growing, and again while four directions are known from few examples only.
    assert 20 <= sum(asked) <= 40


def test_a_direction_at_the_tolerance_is_left_to_the_svd() -> None:
    # The last direction grows from below the tolerance to above it: it has to be taken up where NumPy takes it up.
    generator = Stream(1, ("ranks",)).generator()
    xs = generator.standard_normal((1, LENGTH, 3))
    xs[..., 2] *= np.geomspace(1e-9, 1e-5, LENGTH)
    ys = xs.sum(2)
    tensors = torch.from_numpy(xs), torch.from_numpy(ys)
    deficient = smallest_norm.SmallestNorm()
    for i in range(3, LENGTH):
        w = deficient.solve(tensors[0][:, :i], tensors[1][:, :i], torch.tensor([True]))[0].numpy()
        expected = np.linalg.lstsq(xs[0, :i], ys[0, :i], rcond=RANK_TOLERANCE)[0]
        # What is left out weighs at most the tolerance, and where it is taken up its condition is that of the SVD.
        assert w == pytest.approx(expected, rel=1e-7, abs=1e-7)
