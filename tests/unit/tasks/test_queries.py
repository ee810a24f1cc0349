"""Questions beside the prompt are about the inputs they promise, and the examples stay as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.subspace import Subspace
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.queries.orthogonal import Orthogonal
from icl_lab.tasks.queries.other_orthants import OtherOrthants
from icl_lab.tasks.queries.repeated import Repeated
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

STREAM = Stream(0, ("queries",))
ROUNDING = 1e-9  # float64: projections on at most 8 directions, well apart


def inputs(batch: int, length: int, dim: int, seed: int = 0) -> np.ndarray:
    return Stream(seed, ("xs",)).generator().standard_normal((batch, length, dim))


@given(st.integers(1, 8), st.integers(1, 12), st.integers(0, 10_000))
def test_orthogonal_questions_are_orthogonal_and_of_their_own_length(dim: int, length: int, seed: int) -> None:
    xs = inputs(3, length, dim, seed)
    kept, asked = Orthogonal().sample(STREAM.generator(), xs.copy())
    assert np.array_equal(kept, xs)
    for i in range(length):
        if i >= dim:
            assert np.isnan(asked[:, i]).all()
            continue
        lengths, cosines = np.linalg.norm(xs[:, i], axis=1), np.einsum("bjd,bd->bj", xs[:, :i], asked[:, i])
        assert np.linalg.norm(asked[:, i], axis=1) == pytest.approx(lengths, rel=1e-6)
        scale = np.linalg.norm(xs[:, :i], axis=2) * lengths[:, None]
        # A last direction may be left with a small part of its length, which is then scaled up with its rounding.
        assert np.abs(cosines / scale).max(initial=0) < 1e-6
        # In the half space of the input it was made from: the projection, not its opposite.
        assert (np.einsum("bd,bd->b", xs[:, i], asked[:, i]) > 0).all()


def test_orthogonal_questions_end_at_the_rank_of_the_inputs() -> None:
    task = LinearRegression(dim=8, length=12, queries=Orthogonal())
    for rank in (1, 3, 8):
        for per in ("batch", "prompt"):
            prompts = task.replace(inputs=Subspace(rank=rank, per=per)).sample(STREAM, 0, 5)
            assert prompts.scored[:, :rank].all()
            assert not prompts.scored[:, rank:].any()


def test_silenced_coordinates_do_not_make_questions_parallel_to_examples() -> None:
    prompts = LinearRegression(dim=8, active_dims=3, length=6, queries=Orthogonal()).sample(STREAM, 0, 4)
    assert prompts.examples is not None
    assert (prompts.examples.queries[..., 3:] == 0).all()


@given(st.integers(1, 6), st.integers(2, 9), st.integers(0, 10_000))
def test_repeated_questions_are_copies_of_earlier_examples(dim: int, length: int, seed: int) -> None:
    xs = inputs(4, length, dim, seed)
    kept, asked = Repeated().sample(Stream(seed).generator(), xs.copy())
    assert np.array_equal(kept, xs)
    assert np.array_equal(asked[:, 0], xs[:, 0])
    for i in range(1, length):
        assert (asked[:, i, None] == xs[:, :i]).all(2).any(1).all()


def test_repeated_questions_are_uniform_over_the_examples_before() -> None:
    xs = np.tile(np.arange(5.0)[None, :, None], (20_000, 1, 1))
    _, asked = Repeated().sample(STREAM.generator(), xs)
    for i in range(1, 5):
        shares = np.bincount(asked[:, i, 0].astype(int), minlength=5) / 20_000
        # A share strays by at most 0.0035; five times that.
        assert shares == pytest.approx([1 / i] * i + [0] * (5 - i), abs=0.018)


def test_examples_lie_in_one_orthant_and_questions_anywhere() -> None:
    xs = inputs(400, 9, 3)
    kept, asked = OtherOrthants().sample(STREAM.generator(), xs.copy())
    assert np.array_equal(asked, xs)
    assert np.array_equal(np.abs(kept), np.abs(xs))
    assert (np.sign(kept) == np.sign(kept[:, :1])).all()
    orthants = ((np.sign(kept[:, 0]) + 1) / 2) @ [4, 2, 1]
    # Of 400 prompts an eighth in each orthant, which strays by 6.6; five times that.
    assert np.bincount(orthants.astype(int), minlength=8) == pytest.approx([50] * 8, abs=33)


def least_squares_errors(task: FunctionClass) -> tuple[np.ndarray, PromptBatch]:
    prompts = task.sample(STREAM, 0, 256)
    return task.error(LeastSquares().predict(prompts), prompts).numpy(), prompts


def test_least_squares_knows_nothing_of_what_is_orthogonal() -> None:
    errors, prompts = least_squares_errors(LinearRegression(dim=6, length=9, queries=Orthogonal()))
    predictions = LeastSquares().predict(prompts)
    # Prompts are rounded to float32: a part in 10^7 of a label, amplified by the condition of up to 5 examples.
    assert predictions[:, :6].abs().median() < 1e-5
    assert errors[:, :6].mean() == pytest.approx(1, abs=0.2)  # 1,536 errors with a deviation of sqrt(2) and some: 5 %
    assert np.isnan(errors[:, 6:]).all()


def test_least_squares_remembers_what_is_repeated() -> None:
    errors, _ = least_squares_errors(LinearRegression(dim=6, length=9, queries=Repeated()))
    assert np.median(errors[:, 0]) > 0.1
    # Noiseless examples are interpolated; float32 labels of size 3 leave errors of 1e-13, the condition some more.
    assert np.median(errors[:, 1:]) < 1e-11
    assert errors[:, 1:].max() < 1e-5


@pytest.mark.parametrize("queries", [Orthogonal(), Repeated(), OtherOrthants()])
def test_the_function_is_applied_to_what_is_asked(queries: Orthogonal | Repeated | OtherOrthants) -> None:
    task = TwoLayerRelu(dim=4, length=6, queries=queries, input_scale=2.0, label_scale=3.0)
    prompts = task.sample(STREAM, 1, 5)
    assert prompts.examples is not None
    asked, labels = prompts.examples.queries.double().numpy(), prompts.examples.xs.double().numpy()
    everything = np.concatenate([labels, asked], axis=1)
    answers = 3 * task.labels(everything, STREAM.child("function").generator(1))
    scored = prompts.scored.numpy()
    # Rounded to float32 once: a part in 10^7, of sums of 100 terms of either sign.
    assert prompts.examples.ys.numpy() == pytest.approx(answers[:, :6], rel=1e-4, abs=1e-4)
    assert prompts.targets.numpy()[scored] == pytest.approx(answers[:, 6:][scored], rel=1e-4, abs=1e-4)
