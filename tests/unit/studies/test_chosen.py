"""Recipes that parts borrow from the searches of others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from icl_lab.comparisons.recipes import steps_of, training_at
from icl_lab.studies.base import STUDIES
from icl_lab.studies.faults import faults
from icl_lab.studies.parts import REGRESSION
from icl_lab.studies.tuning import chosen
from icl_lab.studies.tuning.chosen import Chosen, chosen_training
from icl_lab.studies.tuning.plan import grows, in_stages
from icl_lab.tasks.base import Task
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.regular_languages import RegularLanguages
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.tasks.two_layer_relu import TwoLayerRelu
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.spec import TrainingSpec

ANCHOR = LinearRegression()
BASE = training_at("small", ANCHOR)


@pytest.fixture(autouse=True)
def no_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(chosen, "FOUND", tmp_path)
    chosen.forget()
    yield
    chosen.forget()


def keep(part: str, *models: str, study: str = "park2024", ramped: bool = False, rate: float = 0.0123) -> None:
    """As a search on the anchor stores it."""
    curriculum = in_stages(ANCHOR.curriculum, 1000) if ramped else None
    training = BASE.replace(optimiser=Adam(rate=rate), curriculum=curriculum).to_json()
    stored: dict[str, Any] = {"training": {name: training[name] for name in ("optimiser", "curriculum")}}
    chosen.keep(study, {part: dict.fromkeys(models, stored)})


def borrowed(task: Task, model: str = "mamba") -> Chosen:
    return chosen_training(("park2024", "another"), model, BASE, task.curriculum, REGRESSION)


def test_the_optimiser_is_borrowed_and_nothing_else() -> None:
    keep("linear_regression", "mamba")
    assert borrowed(SparseParity()) == Chosen(BASE.replace(optimiser=Adam(rate=0.0123)), REGRESSION)


def test_a_curriculum_is_that_of_the_borrowing_task() -> None:
    keep("linear_regression", "mamba", ramped=True)
    task = TwoLayerRelu()
    found = borrowed(task).training
    assert found.curriculum == in_stages(task.curriculum, steps_of(BASE))
    assert found.curriculum != in_stages(ANCHOR.curriculum, steps_of(BASE))
    assert found.task_at(task, steps_of(BASE) - 1).length == task.length


def test_a_task_without_a_curriculum_gets_none() -> None:
    keep("linear_regression", "mamba", ramped=True)
    assert borrowed(RegularLanguages()).training.curriculum is None


def test_an_architecture_without_a_search_keeps_its_recipe() -> None:
    keep("linear_regression", "mamba")
    assert borrowed(ANCHOR, "s4") == Chosen(BASE)


def test_a_search_of_its_own_comes_first() -> None:
    keep("linear_regression", "mamba")
    keep("another", "mamba", rate=0.5)
    assert borrowed(ANCHOR).training.optimiser == Adam(rate=0.5)
    assert borrowed(ANCHOR).searched == ("park2024", "another")


@pytest.mark.parametrize("name", STUDIES.names())
def test_every_part_finds_its_search(name: str) -> None:
    """Where each anchor has a search for the three models, so has every part, but for variants as published."""
    for anchor in ("linear_regression", "vector_mqar", "sparse_parity"):
        keep(anchor, "transformer", "mamba", "mambaformer", rate=0.0123)
    keep("skewed", "transformer", "mamba", "mambaformer", study="grazzi2024", rate=0.0123)
    for part in STUDIES.get(name)().parts("small"):
        wanted = {
            part.comparison.label(entry.model)
            for entry in part.comparison.entries
            if entry.model.word in ("transformer", "mamba", "mambaformer")
        }
        assert set(part.searched) == (set() if part.variant_of else wanted)
        for entry in part.comparison.entries:
            searched = part.comparison.label(entry.model) in part.searched
            assert (_rate(entry.training) == 0.0123) == searched


def _rate(training: TrainingSpec) -> float:
    return training.optimiser.rate


@pytest.mark.parametrize("scale", ["smoke", "paper"])
def test_other_scales_have_no_searched_recipes(scale: Any) -> None:
    keep("linear_regression", "mamba")
    assert all(not part.searched for part in STUDIES.get("park2024")().parts(scale))


def test_a_search_that_is_no_part_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    study = STUDIES.get("time_to_icl")()
    parts = tuple(replace(part, recipe_of=("park2024", "none")) for part in study.parts("small"))
    monkeypatch.setattr(type(study), "parts", lambda self, scale: parts)
    assert "linear_5 uses the search of park2024 none, which is no part" in list(faults(study, "small"))


def test_a_replication_shares_the_trainings_that_it_repeats() -> None:
    """Its parts take the recipes of the parts that they repeat, searched or not."""
    keep("linear_regression", "transformer", "mamba", ramped=True)
    keep("sparse_parity", "mambaformer", rate=0.5)
    ours = {part.name: part for part in STUDIES.get("campbell2024")().parts("small")}
    theirs = {part.name: part for part in STUDIES.get("park2024")().parts("small")}
    for name, part in ours.items():
        shared = {run.digest() for run in part.comparison.runs()} & {
            run.digest() for run in theirs[name].comparison.runs()
        }
        assert len(shared) == 3 * theirs[name].comparison.num_seeds  # all trainings of three models


def test_time_to_icl_has_no_curriculum_at_any_scale() -> None:
    """Under one the whole task could not be learned before it allows it; elsewhere the published one is kept."""
    for scale in ("small", "paper"):
        runs = [run for part in STUDIES.get("time_to_icl")().parts(scale) for run in part.comparison.runs()]
        assert not any(run.training.curriculum and grows(run.training.curriculum) for run in runs)
    published = next(part for part in STUDIES.get("park2024")().parts("paper") if part.name == "linear_regression")
    assert {run.training.curriculum for run in published.comparison.runs()} == {LinearRegression().curriculum}
