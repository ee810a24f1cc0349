import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.comparisons.recipes import training_at
from icl_lab.studies.tuning.plan import OPTIMISERS, grows, in_stages, recipe
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.many_outlier_regression import ManyOutlierRegression
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.spec import TrainingSpec

TASK = LinearRegression()
GROWING = TASK.curriculum


def test_the_first_recipe_is_the_one_without_a_search() -> None:
    base = training_at("small", TASK)
    assert recipe(0, GROWING).training(base, GROWING, 100) == base.replace(curriculum=in_stages(TASK.curriculum, 100))
    base = training_at("small", TASK)
    assert recipe(0, Curriculum()).training(base, Curriculum(), 100) == base


def test_six_trials_see_every_optimiser_with_and_without_curriculum() -> None:
    seen = {(type(recipe(i, GROWING).optimiser), recipe(i, GROWING).ramped) for i in range(1, 7)}
    assert seen == {(kind, ramped) for kind, _, _ in OPTIMISERS for ramped in (False, True)}


def test_every_trial_has_a_rate_of_its_own_inside_the_range() -> None:
    ranges = {kind: (low, high) for kind, low, high in OPTIMISERS}
    tried = [recipe(i, GROWING).optimiser for i in range(25)]
    assert len({(type(one), one.rate) for one in tried}) == 25
    for one in tried:
        low, high = ranges[type(one)]
        assert low <= one.rate <= high


def test_the_optimisers_do_not_depend_on_what_grows() -> None:
    for i in range(12):
        assert recipe(i, GROWING).optimiser == recipe(i, Curriculum()).optimiser


def test_where_nothing_grows_there_is_no_curriculum() -> None:
    assert not any(recipe(i, Curriculum()).ramped for i in range(12))


def test_a_curriculum_has_four_stages_the_last_from_three_fifths_on() -> None:
    training = recipe(0, GROWING).training(TrainingSpec(), GROWING, steps=1000)
    seen = [(training.task_at(TASK, step).active_dims, training.task_at(TASK, step).length) for step in range(1000)]
    assert [seen[i] for i in (0, 200, 400, 600)] == [(5, 11), (10, 21), (15, 31), (20, 41)]
    assert [seen.count(one) for one in dict.fromkeys(seen)] == [200, 200, 200, 400]


@pytest.mark.parametrize("task", [TASK, ManyOutlierRegression()], ids=lambda task: task.spec_name())
@given(steps=st.integers(5, 5000))
def test_stages_keep_start_and_end(task: LinearRegression, steps: int) -> None:
    staged = in_stages(task.curriculum, steps)
    for before, ramp in ((task.curriculum.dims, staged.dims), (task.curriculum.length, staged.length)):
        assert before is not None
        assert ramp is not None
        assert (ramp.start, ramp.end) == (before.start, before.end)
        assert ramp.at(0) == ramp.start
        assert ramp.at(steps - 1) == ramp.end


def test_what_does_not_grow_is_left_as_it_is() -> None:
    flat = Curriculum(dims=Ramp(start=3, end=3), length=Ramp(start=2, end=9, increment=0))
    assert in_stages(flat, 10) == flat
    assert not grows(flat)
    assert not grows(Curriculum())
    assert grows(TASK.curriculum)
