"""Baselines are told of a task what the task says, and predictors are asked what they can answer."""

from collections.abc import Sequence

import numpy as np
import pytest

from icl_lab import api
from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.baselines.bayes_parity import BayesParity
from icl_lab.baselines.discrete_mmse import DiscreteMmse
from icl_lab.baselines.n_gram import NGram
from icl_lab.baselines.nearest_neighbours import NearestNeighbours
from icl_lab.baselines.ridge import Ridge
from icl_lab.cli.comparison_settings import Asked, comparison_spec
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import from_short
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.evaluation.references import baseline_for
from icl_lab.evaluation.scores import best_baseline
from icl_lab.evaluation.shifts import shifted_curve
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.families.outliers import OutlierRegression
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.many_outlier_regression import ManyOutlierRegression
from icl_lab.tasks.markov_chain import MarkovChain
from icl_lab.tasks.regular_languages import RegularLanguages
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.tasks.task_pool import TaskPool
from tests.contracts.variants import variants
from tests.unit.evaluation.doubles import Constant


def test_a_bare_name_has_the_settings_that_the_task_gives_it() -> None:
    assert baseline_for(SparseParity(sparsity=3), "bayes_parity") == BayesParity(sparsity=3)
    pool = baseline_for(TaskPool(num_tasks=8, dim=3, pool_seed=5, label_noise=0.1), "discrete_mmse")
    assert pool == DiscreteMmse(num_tasks=8, dim=3, pool_seed=5, noise=0.1)
    assert baseline_for(RegularLanguages(), "n_gram") == NGram(order=3, symbols=18, beta=0.1, backoff=True)


@pytest.mark.parametrize("task", variants(TASKS), ids=lambda task: task.short()[:60])
def test_the_baselines_of_a_task_are_what_it_calls_them_and_their_bare_names_the_first_of_each(task: Task) -> None:
    own: dict[str, Baseline] = {}
    for text in task.baselines:
        named = from_short(BASELINES, text)
        assert baseline_for(task, text) == named
        own.setdefault(named.spec_name(), named)
    for name, first in own.items():
        assert baseline_for(task, name) in (first, from_short(BASELINES, name))


def test_what_the_user_says_counts_and_what_he_does_not_say_is_the_tasks() -> None:
    chain = MarkovChain(symbols=5, order=2, concentration=0.5)
    assert baseline_for(chain, "n_gram(order=1)") == NGram(order=1, symbols=5, beta=0.5)
    assert baseline_for(chain, "n_gram", {"beta": "3"}) == NGram(order=2, symbols=5, beta=3)
    tree = DecisionTree()
    assert baseline_for(tree, "decision_tree(max_depth=none)").short() == "decision_tree(max_depth=none)"
    assert baseline_for(tree, "decision_tree").short() == "decision_tree"
    assert baseline_for(tree, "ridge").short() == "ridge"


def asked(settings: Sequence[str], baselines: tuple[str, ...] | None = None) -> Asked:
    return Asked(task="sparse_parity", settings=tuple(settings), baselines=baselines, scale="smoke", longest=1)


def test_the_command_line_and_python_ask_the_task_too() -> None:
    settings = ["sparsity=3", "bayes_parity.sparsity=3"]
    for arguments in (settings[:1], settings):
        spec = comparison_spec(asked(arguments, ("bayes_parity",)))
        assert spec.baselines == (BayesParity(sparsity=3),)
    assert api.baseline("bayes_parity", SparseParity(sparsity=3)) == BayesParity(sparsity=3)
    assert api.baseline("nearest_neighbours(neighbours=1)") == NearestNeighbours(neighbours=1)
    assert api.baseline("ridge(strength=2)", DecisionTree(), strength=3.0) == Ridge(strength=3)
    with pytest.raises(UserError, match="nearest_neighbours has no field 'neighbors'"):
        api.baseline("nearest_neighbours(neighbors=1)")
    with pytest.raises(UserError, match="ridge has no field 'strenght': did you mean strength"):
        api.baseline("ridge(strength=2)", strenght=1)
    assert api.baseline("n_gram", MarkovChain(symbols=4), order=0) == NGram(order=0, symbols=4)


def test_a_default_that_cannot_be_had_is_left_out_with_a_note_and_a_named_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = ["dim=60", "sparsity=10"]
    spec = comparison_spec(asked(many))
    assert [one.label for one in spec.baselines] == ["nearest_neighbours", "least_squares"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("icl: left out: the baseline bayes_parity(sparsity=10) needs between 1 and 20000 subsets")
    with pytest.raises(UserError, match="choose another baseline, a smaller dim or another sparsity"):
        comparison_spec(asked(many, ("bayes_parity",)))
    few = comparison_spec(asked(()))
    assert few.baselines[0] == BayesParity()
    assert capsys.readouterr().err == ""


def test_a_baseline_that_was_told_of_other_prompts_is_refused_but_not_under_a_shift() -> None:
    with pytest.raises(UserError, match="is about other prompts: sparse_parity here has sparsity=3, it was told 2"):
        learning_curve([BayesParity()], SparseParity(sparsity=3, length=9), num_prompts=4)
    with pytest.raises(UserError, match="noise=0.5, it was told 0.1"):
        learning_curve([DiscreteMmse(noise=0.1)], TaskPool(), num_prompts=4)
    # It keeps what it was told of the prompts of training, as a model keeps what it learnt.
    curves = shifted_curve([DiscreteMmse()], TaskPool(), NoisyLabels(restandardised=False), num_prompts=4)
    assert not curves.refused


@pytest.mark.parametrize("label_scale", [1.0, 4.0])
@pytest.mark.parametrize("input_scale", [1.0, 0.5])
@pytest.mark.parametrize("restandardised", [False, True])
def test_bayes_baselines_know_the_scales_of_their_task(
    label_scale: float, input_scale: float, restandardised: bool
) -> None:
    task = TaskPool(
        dim=3,
        length=13,
        num_tasks=4,
        label_scale=label_scale,
        input_scale=input_scale,
        restandardised=restandardised,
    )
    curves = learning_curve([baseline_for(task, text) for text in task.baselines], task, num_prompts=256)
    bayes = curves.of(curves.labels[0])[0].values
    # After a dozen examples four functions are told apart: what is left is the noise of the question, of which the mean
    # square over 256 prompts has a relative standard deviation of sqrt(2 / 256) = 9 %; 40 % are more than four of them.
    noise = (task.label_factor * task.label_noise) ** 2 / task.dim
    assert bayes[:, 8:].mean() == pytest.approx(noise, rel=0.4)
    best = best_baseline(curves)
    assert best is not None
    assert best.label == curves.labels[0]


@pytest.mark.parametrize("restandardised", [False, True])
def test_the_factor_of_the_labels_is_their_slope_against_the_function(restandardised: bool) -> None:
    task = TaskPool(dim=3, length=13, input_scale=0.5, label_scale=2.0, restandardised=restandardised)
    plain = task.replace(label_noise=0.0, label_scale=1.0, restandardised=False)
    labels, values = (each.sample(Stream(0), 0, 256).targets.double() for each in (task, plain))
    slope = float((labels * values).sum() / values.square().sum())
    # Noise of 0.5 on 3,328 values of variance 0.75: a standard deviation of 1 %; the plain scale is 13 % off.
    assert slope == pytest.approx(task.label_factor, rel=0.04)


def test_a_pool_without_noise_is_told_apart_from_another_one() -> None:
    task = TaskPool(dim=3, length=9, num_tasks=4, pool_seed=7, label_noise=0.0)
    errors = learning_curve([baseline_for(task, "discrete_mmse")], task, num_prompts=16).errors[0].values
    # One example tells four functions apart; float32 prompts leave nothing that could be seen.
    assert errors[:, 1:].max() < 1e-6


def test_answers_of_another_size_than_is_asked_for_are_refused_in_one_line() -> None:
    with pytest.raises(
        UserError, match="n_gram: induction_heads asks for 128 numbers at each of 9 places, got 3"
    ) as one:
        learning_curve([NGram()], InductionHeads(length=9), num_prompts=4)
    assert "\n" not in str(one.value)
    with pytest.raises(UserError, match=r"asks for 1 number at each of 5 places, got 3 numbers"):
        learning_curve([_Wide(0.0)], TASKS.get("linear_regression")(length=5, dim=2), num_prompts=4)


class _Wide(Constant):
    def predict(self, prompts):  # type: ignore[no-untyped-def]
        return super().predict(prompts)[..., None].expand(-1, -1, 3)


@pytest.mark.parametrize("name", [n for n in TASKS.names() if issubclass(TASKS.get(n), OutlierRegression)])
def test_no_reference_scores_above_one_where_there_is_an_oracle(name: str) -> None:
    task = TASKS.get(name)(dim=4, length=60)
    predictors = [baseline_for(task, text) for text in task.baselines]
    records = learning_curve(predictors, task, num_prompts=64).records()
    scores = [row.value for row in records if row.metric == "icl_score_mean"]
    assert len(scores) == len(predictors)
    assert max(scores) == 1


def test_every_oracle_says_what_it_knows() -> None:
    for name in BASELINES.names():
        baseline = BASELINES.get(name)
        assert bool(baseline.knows) == baseline.is_oracle


def test_the_milestone_of_many_outliers_counts_clean_pairs() -> None:
    task = ManyOutlierRegression(dim=4, length=200)
    assert task.milestones == (80, 199)
    assert task.replace(outlier_fraction=0.0).milestones == (8, 199)
    curves = learning_curve([Constant(0.0)], task.replace(length=60), num_prompts=256)
    (end,) = curves.milestones
    assert end > 40
    assert np.isfinite(curves.zero[:, end]).any()
