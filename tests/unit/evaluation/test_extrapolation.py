import pytest

from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.extrapolation import extrapolation_curve
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import ToyNetwork

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


def test_when_nobody_can_read_the_prompts_their_reason_is_given() -> None:
    with pytest.raises(UserError, match="no predictor can read 9 examples: toy: no positions beyond 5"):
        extrapolation_curve([ToyNetwork(longest=5)], TASK, 9, num_prompts=4)
