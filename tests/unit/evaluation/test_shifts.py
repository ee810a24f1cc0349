"""Other prompts than in training: which there are, who reads them, and that nothing else changes."""

import numpy as np
import pytest
import torch

from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.evaluation.errors import evaluate
from icl_lab.evaluation.prompts import evaluation_prompts, held_out
from icl_lab.evaluation.shifts import applicable_shifts, extrapolation_curve, shifted_curve
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels
from icl_lab.tasks.shifts.orthogonal_queries import OrthogonalQueries
from icl_lab.tasks.shifts.scaled_labels import ScaledLabels
from icl_lab.tasks.two_layer_relu import TwoLayerRelu
from tests.unit.evaluation.doubles import Constant, ToyNetwork

TASK = LinearRegression(dim=3, length=5)


def test_a_model_with_learned_positions_is_reported_and_the_others_are_drawn() -> None:
    models = [
        Transformer(d_model=8, num_layers=1, num_heads=2).build(TASK, Stream(0)),
        Mamba(d_model=8, num_layers=1).build(TASK, Stream(0)),
    ]
    labels = [model.label for model in models]
    curves = extrapolation_curve([*models, LeastSquares()], TASK, 9, num_prompts=8)
    assert curves.labels == (labels[1], "least_squares")
    assert "10 learned positions" in curves.refused[labels[0]]
    rows = curves.records()
    assert {row.shift for row in rows} == {"length=9"}
    assert [(row.predictor, row.value) for row in rows if row.metric == "refused"] == [(labels[0], 9.0)]
    assert max(row.shown or 0 for row in rows) == 8


def test_a_length_that_is_not_longer_is_refused() -> None:
    with pytest.raises(UserError, match="a length above the 5 of training, got 5"):
        extrapolation_curve([LeastSquares()], TASK, 5)


def test_when_nobody_can_read_the_prompts_there_are_refusals_and_no_curve() -> None:
    curves = extrapolation_curve([ToyNetwork(longest=5)], TASK, 9, num_prompts=4)
    assert curves.labels == ()
    assert "no positions beyond 5" in curves.refused["toy"]
    assert [row.metric for row in curves.records()] == ["zero_error", "independent_draws", "refused"]


def test_without_a_shift_who_cannot_read_the_prompts_is_an_error() -> None:
    with pytest.raises(UserError, match="no positions"):
        learning_curve([ToyNetwork(longest=2)], TASK, num_prompts=4)


def test_a_shift_changes_the_prompts_in_what_it_says_and_in_nothing_else() -> None:
    plain, shifted = Constant(0.0), Constant(0.0)
    learning_curve([plain], TASK, num_prompts=6)
    curves = shifted_curve([shifted], TASK, ScaledLabels(scale=2.0), num_prompts=6)
    (before,), (after,) = plain.seen, shifted.seen
    assert before.examples is not None
    assert after.examples is not None
    assert torch.equal(after.examples.xs, before.examples.xs)
    torch.testing.assert_close(after.examples.ys, 2 * before.examples.ys)
    assert curves.shift == "scaled_labels(scale=2)"
    assert {row.shift for row in curves.records()} == {"scaled_labels(scale=2)"}


def test_all_shifts_are_those_that_change_the_task() -> None:
    found = applicable_shifts(TASK.replace(dim=4))
    assert {shift.shifted(TASK.replace(dim=4)) for shift in found}.isdisjoint({TASK.replace(dim=4)})
    assert "isotropic" not in [shift.spec_name() for shift in found]
    assert NoisyLabels() in found
    assert len(found) >= 7
    assert "another_task" in [shift.spec_name() for shift in applicable_shifts(TwoLayerRelu())]


def test_milestones_under_a_shift_are_points_that_are_asked() -> None:
    # Nothing is orthogonal to three examples in three dimensions.
    curves = shifted_curve([Constant(0.0)], TASK.replace(length=9), OrthogonalQueries(), num_prompts=8)
    assert np.isnan(curves.zero[:, 3:]).all()
    assert curves.milestones == (2,)
    assert [row.shown for row in curves.records() if row.metric == "relative_error_mean"] == [2]


def test_models_answer_questions_beside_the_prompt_the_same_in_batches_of_any_size() -> None:
    network = Mamba(d_model=8, num_layers=1).build(TASK, Stream(0))
    joined = shifted_curve([network], TASK, OrthogonalQueries(), num_prompts=12, batch=4)
    (errors,) = joined.errors
    shifted = OrthogonalQueries().shifted(TASK)
    apart = list(held_out(shifted, num_prompts=12, stream=evaluation_prompts(0), batch=4))
    with torch.no_grad():
        answers = torch.cat([network.predict(prompts)[:, :3] for prompts in apart])
    targets = torch.cat([prompts.targets[:, :3] for prompts in apart])
    expected = ((answers - targets) ** 2 / 3).numpy()
    # float32 sums of a few numbers of order one, in matrix products of another height
    np.testing.assert_allclose(errors.values[:, :3], expected, rtol=1e-4, atol=1e-6)


def test_nobody_is_asked_what_no_prompt_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is orthogonal to three examples in three dimensions: seven of ten questions would be asked for nothing.
    task = OrthogonalQueries().shifted(TASK.replace(length=10))
    network, asked = Mamba(d_model=8, num_layers=1).build(TASK, Stream(0)), []
    network_predict, baseline_fit = network.predict, LeastSquares.predict_examples

    def predict(prompts: PromptBatch) -> torch.Tensor:
        asked.append(prompts.queries.tolist())
        return network_predict(prompts)

    def fit(self: LeastSquares, *examples: torch.Tensor, shown: list[int]) -> torch.Tensor:
        asked.append(shown)
        return baseline_fit(self, *examples, shown)

    monkeypatch.setattr(network, "predict", predict)
    monkeypatch.setattr(LeastSquares, "predict_examples", lambda self, x, y, q, shown: fit(self, x, y, q, shown=shown))
    prompts = list(held_out(task, num_prompts=4, stream=evaluation_prompts(0), batch=4))
    values = [evaluate(predictor, task, prompts).values for predictor in (network, LeastSquares())]
    assert asked == [[0, 2, 4], [1, 2]]  # token 2 i; before the first example a baseline says 0 without being asked
    assert all(np.isnan(found).tolist() == [[False] * 3 + [True] * 7] * 4 for found in values)
