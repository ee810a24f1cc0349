"""Identification: known answers are found, and the answers of methods are those of the baselines."""

import dataclasses

import numpy as np
import pytest
import torch

from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.gradient_descent import GradientDescent
from icl_lab.baselines.lasso import Lasso
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.nearest_neighbours import NearestNeighbours
from icl_lab.baselines.newton import Newton
from icl_lab.core.streams import Stream
from icl_lab.evaluation.statistics import resample
from icl_lab.probing.algorithms.answers import Answers, answers
from icl_lab.probing.algorithms.families import families, words
from icl_lab.probing.algorithms.implied import axis_queries, implied_weights, length, outside
from icl_lab.probing.algorithms.likeness import Verdict, matches, nearest
from icl_lab.probing.examination.depth import steps_rows
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.questions import Questions, ask
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression

from .gradient_step import GradientStep

DIM, SHOWN, FUNCTIONS = 4, 9, 24
TASK = LinearRegression(dim=DIM, length=SHOWN + 1, label_noise=0.3)
WEIGHTS = resample(FUNCTIONS // 2, Stream(0, ("unit",)).generator(), 200)


def questions(queries: int = 8) -> Questions:
    return ask(TASK, shown=SHOWN, queries=queries, functions=FUNCTIONS, stream=Stream(0, ("unit",)))


def verdict(predictions: torch.Tensor, asked: Questions, methods: tuple[Answers, ...] | None = None) -> Verdict:
    found = answers(asked, SHOWN) if methods is None else methods
    return nearest(matches(predictions.double(), asked.answers.double(), found, DIM, WEIGHTS), WEIGHTS)


def test_methods_answer_as_their_baselines_do_on_prompts() -> None:
    asked = questions(queries=3)
    prompts = asked.prompts(SHOWN)
    for found in answers(asked, SHOWN):
        for member, predictions in zip(found.family.members, found.predictions, strict=True):
            alone = member.predict(prompts, shown=[SHOWN])[:, 0]
            # Float64; the weights are found once and not for every query.
            torch.testing.assert_close(predictions.flatten(), alone, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_one_step_of_gradient_descent_built_by_hand_is_identified(rate: float) -> None:
    asked = questions()
    model = GradientStep(DIM, SHOWN, rate)
    predictions = model.predict(asked.prompts(SHOWN))[:, -1].unflatten(0, (FUNCTIONS, 8))
    found = verdict(predictions, asked)
    assert found.match.member == GradientDescent(steps=1, rate=rate)
    assert found.match.distance[0] < 1e-10  # float32
    assert found.share == 1
    assert found.as_near == ()
    assert words(found.match.member) == f"1 step of gradient descent (rate={rate})"


def test_the_constructed_step_is_too_small_before_its_number_of_examples() -> None:
    prompts = TASK.sample(Stream(0, ("unit",)), 0, 3)
    half, model = (SHOWN + 1) // 2, GradientStep(DIM, SHOWN, 0.5)
    wanted = GradientDescent(steps=1, rate=0.5 * half / SHOWN).predict(prompts, shown=[half])[:, 0]
    # float32 on our side
    torch.testing.assert_close(model.predict(prompts)[:, half].double(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "method", [LeastSquares(), Newton(steps=3), NearestNeighbours(neighbours=5), Lasso(strength=0.1)]
)
def test_a_model_that_is_a_method_is_identified_as_it(method: LeastSquares) -> None:
    asked = questions()
    predictions = method.predict(asked.prompts(SHOWN), shown=[SHOWN])[:, 0].unflatten(0, (FUNCTIONS, 8))
    noise = torch.randn(predictions.shape, generator=Stream(0, ("noise",)).torch_generator()) * 1e-3
    found = verdict(predictions + noise, asked)
    assert found.match.member == method
    assert found.match.similarity > 0.99
    # The variance of the noise, over dim; 96 draws leave 15 %.
    assert found.match.distance[0] == pytest.approx(1e-6 / DIM, rel=0.5)


def test_the_setting_is_chosen_on_functions_that_do_not_count() -> None:
    asked = questions()
    methods = tuple(one for one in answers(asked, SHOWN) if one.family.name == "ridge")
    predictions = methods[0].predictions[3].clone()
    predictions[FUNCTIONS // 2 :] = methods[0].predictions[6, FUNCTIONS // 2 :]
    found = verdict(predictions, asked, methods)
    assert found.match.member == methods[0].family.members[3]
    assert found.match.by_member.argmin() == 6


def test_every_number_of_steps_has_the_settings_that_are_nearest_on_functions_that_do_not_count() -> None:
    asked = questions()
    methods = tuple(one for one in answers(asked, SHOWN) if one.family.name == "GD++")
    (family,), wanted = (one.family for one in methods), GdPlusPlus(steps=4, gamma=methods[0].family.members[-1].gamma)
    place = family.members.index(wanted)
    (match,) = matches(methods[0].predictions[place], asked.answers.double(), methods, DIM, WEIGHTS)
    rows = list(steps_rows(match, Subject("r", "m", TASK), 12, SHOWN, 3))
    assert [row.about for row in rows] == [f"GD++: {steps}" for steps in family.shown]
    assert [row.value < 1e-12 for row in rows] == [steps == 4 for steps in family.shown]


def test_methods_that_these_functions_do_not_tell_apart_are_named_as_near() -> None:
    asked = questions()
    methods = answers(asked, SHOWN)
    two = methods[1:3]
    middle = (two[0].predictions[0] + two[1].predictions[0]) / 2
    found = verdict(middle, asked, two)
    assert len(found.as_near) == 1
    assert found.as_near[0].distance[0] == pytest.approx(found.match.distance[0])


def test_the_share_counts_resamples_in_which_the_named_is_nearest_or_about_so() -> None:
    functions = np.arange(FUNCTIONS // 2)
    far, near = 1.005 + 0.3 * np.sin(functions), np.ones(len(functions))
    methods = answers(questions(), SHOWN)[1:3]
    predictions = methods[0].predictions[0]
    labels = questions().answers.double()
    one, other = matches(predictions, labels, methods, DIM, WEIGHTS)
    pair = [dataclasses.replace(match, distances=values) for match, values in ((one, far), (other, near))]
    for order in (pair, pair[::-1]):
        found = nearest(order, WEIGHTS)
        sums = [WEIGHTS @ match.distances for match in (found.match, order[found.match is order[0]])]
        assert found.share == np.mean(sums[0] <= 1.01 * np.minimum(*sums))
        assert 0 < found.share < 1
    # By hand: the second is nearer in one of two resamples and farther than 1% in the other.
    by_hand = np.array([[2.0, 0.0], [0.0, 2.0]])
    first, second = (dataclasses.replace(match, distances=np.array(values))
                     for match, values in ((one, [1.0, 0.2]), (other, [0.6, 0.61])))  # fmt: skip
    assert nearest([first, second], by_hand).match is first  # 1.2 against 1.21
    assert nearest([first, second], by_hand).share == 0.5
    # What is named though it is not strictly nearest counts where it is within 1%, whoever comes before it.
    third = dataclasses.replace(other, distances=np.array([0.599, 0.605]))
    assert nearest([first, third, second], by_hand).match is first
    assert nearest([second, third], by_hand).match is second  # 1.21 against 1.204
    assert nearest([second, third], by_hand).share == 1


def test_axes_lie_as_far_out_as_isotropic_inputs_and_far_outside_skewed_ones() -> None:
    plain, skewed = (
        ask(LinearRegression(dim=6, inputs=one), shown=40, queries=50, functions=32, stream=Stream(0, ("unit",)))
        for one in (Isotropic(), Skewed())
    )
    # 32 covariances of 90 inputs each: their mean inverse is 2% from that of the distribution.
    assert outside(plain) == pytest.approx(1, abs=0.03)
    # Axes drawn at random see the mean inverse eigenvalue: x^T C^-1 x is (sum of 1/i^2) (sum of i^2) / 6 against 6.
    squares = np.arange(1, 7) ** 2.0
    assert outside(skewed) == pytest.approx(np.sqrt((1 / squares).sum() * squares.sum()) / 6, rel=0.06)
    few = dataclasses.replace(plain, xs=plain.xs[:, :3], ys=plain.ys[:, :3])
    assert np.isnan(outside(few.asking(plain.queries[:, :4])))


def test_implied_weights_of_a_linear_model_are_its_weights() -> None:
    asked = questions()
    w = torch.randn(FUNCTIONS, DIM, generator=Stream(0, ("w",)).torch_generator(), dtype=torch.float64)
    at = axis_queries(asked).double()
    linear = torch.einsum("fqd,fd->fq", at, w)
    found = implied_weights(linear[None] + 0.7, length(asked))
    torch.testing.assert_close(found.weights[0], w)
    assert 0 < found.even[0] < 1
    assert implied_weights(linear[None], length(asked)).even.item() == pytest.approx(0, abs=1e-12)
    assert implied_weights(linear.abs()[None], length(asked)).even.item() == pytest.approx(1)


def test_the_iterations_of_newton_end_at_least_squares_for_skewed_inputs_and_not_before() -> None:
    task = LinearRegression(inputs=Skewed())
    asked = ask(task, shown=40, queries=4, functions=16, stream=Stream(0, ("unit",)))
    by_name = {one.family.name: one for one in answers(asked, 40)}
    end = by_name["least squares"].predictions[0]
    apart = (by_name["Newton"].predictions - end).square().mean((1, 2)) / end.square().mean()
    assert apart[-1] < 1e-3  # what is left of the hardest functions, squared
    assert apart[14] > 1e-2  # 2^14 steps of a first-order method are not the end
    assert (apart.diff() <= 1e-12).all()


def test_words_name_every_member_differently() -> None:
    said = [words(member) for family in families(40.0) for member in family.members]
    assert len(set(said)) == len(said)
    assert "7 Newton iterations" in said
    assert "1 Newton iteration" in said
    assert "least squares" in said


def test_answers_carry_weights_where_there_are_some() -> None:
    asked = questions(queries=2)
    for found in answers(asked, SHOWN):
        if found.weights is None:
            assert found.family.name == "neighbours"
        else:
            predicted = torch.einsum("sfd,fqd->sfq", found.weights, asked.queries.double())
            torch.testing.assert_close(found.predictions, predicted)
    assert dataclasses.is_dataclass(Verdict)
    assert np.isfinite(WEIGHTS).all()
