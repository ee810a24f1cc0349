"""Skewed and subspace inputs have the spectrum they promise, in axes drawn as often as they promise."""

import numpy as np
import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.tasks.inputs.base import Inputs
from icl_lab.tasks.inputs.bases import Per
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.inputs.subspace import Subspace
from icl_lab.tasks.linear_regression import LinearRegression


def covariances(inputs: Inputs, batch: int, dim: int, length: int = 40_000) -> np.ndarray:
    xs = inputs.sample(Stream(0, ("inputs",)).generator(), batch, length, dim)
    return xs.swapaxes(1, 2) @ xs / length


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_skewed_inputs_have_a_power_law_spectrum(exponent: float) -> None:
    spectrum = np.linalg.eigvalsh(covariances(Skewed(exponent=exponent), 1, 6)[0])[::-1]
    expected = np.arange(1, 7) ** (-2 * exponent)
    expected *= 6 / expected.sum()
    # Sample eigenvalues of 40,000 points stray by sqrt(2 / 40,000) = 0.7 % each; equal ones repel by a few times that.
    assert spectrum == pytest.approx(expected, rel=0.03)


def test_subspace_inputs_fill_their_dimensions_evenly() -> None:
    for rank, inputs in ((3, Subspace()), (2, Subspace(rank=2))):
        spectrum = np.linalg.eigvalsh(covariances(inputs, 1, 6)[0])[::-1]
        assert spectrum[:rank] == pytest.approx(6 / rank, rel=0.03)  # as above
        assert np.abs(spectrum[rank:]).max() < 1e-12  # float64's rounding of a projection


@pytest.mark.parametrize("kind", [Skewed, Subspace])
@pytest.mark.parametrize("per", ["batch", "prompt"])
def test_axes_are_drawn_per_batch_or_per_prompt(kind: type[Skewed] | type[Subspace], per: Per) -> None:
    first, second = covariances(kind(per=per), 2, 4)
    # Entries of one covariance stray by about 2 %; those of two random rotations differ by the size of the eigenvalues.
    assert (np.abs(first - second).max() < 0.15) == (per == "batch")


def test_axes_differ_between_steps() -> None:
    one, other = (np.cov(Skewed().sample(Stream(0).generator(step), 1, 10_000, 4)[0].T) for step in (0, 1))
    assert np.abs(one - other).max() > 0.3


def test_a_subspace_larger_than_the_space_is_refused() -> None:
    with pytest.raises(UserError, match=r"subspace\.rank: expected at most dim=4, got 5"):
        LinearRegression(dim=4, inputs=Subspace(rank=5))
