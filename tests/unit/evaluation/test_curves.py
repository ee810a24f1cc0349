import numpy as np
import polars as pl
import pytest
import torch

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.evaluation.errors import Errors, evaluate
from icl_lab.evaluation.prompts import evaluation_prompts, held_out
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import Broken, Constant, ToyNetwork

TASK = LinearRegression(dim=3, length=6)


def errors_of(predictor: Predictor, num_prompts: int = 4, seed: int = 0, batch: int = 64) -> Errors:
    batches = held_out(TASK, num_prompts=num_prompts, stream=evaluation_prompts(seed), batch=batch)
    return evaluate(predictor, TASK, batches)


def test_every_predictor_is_asked_about_the_same_prompts() -> None:
    one, other = Constant(0.0, "one"), Constant(1.0, "other")
    learning_curve([one, other, ToyNetwork()], TASK, num_prompts=10, batch=4)
    assert len(one.seen) == len(other.seen) == 3
    for ours, theirs in zip(one.seen, other.seen, strict=True):
        assert torch.equal(ours.tokens, theirs.tokens)
        assert torch.equal(ours.targets, theirs.targets)


def test_as_many_prompts_are_asked_about_as_were_wanted() -> None:
    predictor = Constant(0.0)
    errors = errors_of(predictor, num_prompts=10, batch=4)
    assert [prompts.batch for prompts in predictor.seen] == [4, 4, 2]
    assert errors.values.shape == (10, 6)


def test_held_out_prompts_are_none_of_the_training_prompts() -> None:
    held = torch.cat([p.tokens for p in held_out(TASK, num_prompts=64, stream=evaluation_prompts(0), batch=32)])
    training = Stream(0).child("train", "prompts")
    trained = torch.cat([TASK.sample(training, step, 32).tokens for step in range(20)])
    assert not (held[:, None] == trained[None]).all(dim=(2, 3)).any()


def test_the_errors_are_the_tasks_own() -> None:
    predictor = Constant(0.25)
    errors = errors_of(predictor, num_prompts=5, seed=3, batch=5)
    targets = predictor.seen[0].targets.double()
    np.testing.assert_allclose(errors.values, ((0.25 - targets) ** 2 / 3).numpy(), rtol=1e-12)


def test_a_network_is_read_without_gradients_and_every_part_gets_its_mode_back() -> None:
    network = ToyNetwork()
    network.train()
    network.frozen.eval()
    errors_of(network)
    assert network.modes == [(False, False, False)]
    assert (network.training, network.frozen.training) == (True, False)


def test_modes_are_given_back_after_an_error_too() -> None:
    network = ToyNetwork(longest=1)
    network.train()
    with pytest.raises(UserError, match="no positions"):
        errors_of(network)
    assert network.training


def test_a_prediction_that_is_not_a_number_has_an_infinite_error() -> None:
    errors = errors_of(Broken(0.0))
    assert np.isfinite(errors.values[:, 0]).all()
    assert np.isinf(errors.values[:, 1:]).all()


def test_the_frame_has_the_means_over_prompts_with_their_intervals() -> None:
    curves = learning_curve([LeastSquares(), Averaging()], TASK, num_prompts=50, seed=1)
    frame = curves.frame()
    assert frame.columns == ["predictor", "seed", "shown", "error", "low", "high"]
    mine = frame.filter(pl.col("predictor") == "averaging")
    assert mine["shown"].to_list() == list(range(6))
    np.testing.assert_allclose(mine["error"], curves.of("averaging")[0].values.mean(axis=0), rtol=1e-12)
    assert ((mine["low"] <= mine["error"]) & (mine["error"] <= mine["high"])).all()


def test_asked_twice_the_curves_are_the_same_whatever_the_global_generator_did() -> None:
    first = learning_curve([LeastSquares()], TASK, num_prompts=20).frame()
    torch.rand(1)
    assert first.equals(learning_curve([LeastSquares()], TASK, num_prompts=20).frame())


def test_trainings_of_one_model_are_told_apart_by_their_seed() -> None:
    one, other = Constant(0.0, "model"), Constant(1.0, "model")
    curves = learning_curve([one, other], TASK, num_prompts=8, seeds=[0, 1])
    assert curves.labels == ("model",)
    mean = curves.mean_over_seeds("model")
    np.testing.assert_allclose(mean, (curves.errors[0].values + curves.errors[1].values) / 2, rtol=1e-12)
    with pytest.raises(UserError, match="two predictors are called 'model' with training seed 0"):
        learning_curve([one, other], TASK, num_prompts=8)


def test_a_label_without_a_curve_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(UserError, match="there are least_squares"):
        learning_curve([LeastSquares()], TASK, num_prompts=4).of("ridge")


def test_a_plot_is_a_figure_with_the_name_of_every_predictor() -> None:
    figure = learning_curve([LeastSquares(), Averaging(), ToyNetwork()], TASK, num_prompts=20).plot()
    words = {text.get_text().removesuffix(" \N{DOWNWARDS ARROW}") for text in figure.axes[0].texts}
    assert words >= {"least_squares", "averaging", "toy", "zero predictor"}
