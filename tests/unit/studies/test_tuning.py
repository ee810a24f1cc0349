"""A search on a tiny task, whole and interrupted in every way that there is."""

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.records import read_records
from icl_lab.models.network import Network
from icl_lab.models.presets.transformer import Transformer
from icl_lab.studies.base import Part
from icl_lab.studies.tuning import chosen
from icl_lab.studies.tuning import journal as tuning_journal
from icl_lab.studies.tuning import search as tuning
from icl_lab.studies.tuning.chosen import Chosen, chosen_training
from icl_lab.studies.tuning.plan import Recipe, recipe
from icl_lab.studies.tuning.search import TuningJob
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.observers.base import Observer
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.result import StepResult
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec

TASK = LinearRegression(dim=1, length=4)
ENTRY = Entry(
    model=Transformer(d_model=8, num_layers=1),
    training=training_at("smoke", TASK).replace(budget=Steps(amount=80)),
)
PART = Part(
    name="tiny", title="Tiny", comparison=ComparisonSpec(task=TASK, entries=(ENTRY,)), headline=("transformer",)
)
TRIALS = 4


def search(out: Path, trials: int = TRIALS) -> TuningJob:
    """20 steps a trial, the error measured every 4; nothing is pruned in the first 6."""
    return TuningJob(PART, ENTRY, out, trials=trials, share=0.25)


def results(job: TuningJob) -> list[Any]:
    return [replace(trial, seconds=0.0) for trial in job.made()]


@pytest.fixture(scope="module", autouse=True)
def few_measurements() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "CHECKS", 5)
        patch.setattr(tuning, "PROMPTS", 16)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TuningJob:
    job = search(tmp_path_factory.mktemp("whole"))
    job.execute(1)
    return job


def test_the_best_of_the_whole_trials_is_chosen(whole: TuningJob) -> None:
    made, best = whole.made(), whole.chosen()
    assert whole.is_done()
    assert [trial.number for trial in made] == list(range(TRIALS))
    assert best is not None
    assert best.error == min(trial.error for trial in made if trial.state == "complete")


def test_a_search_is_the_same_search_again(whole: TuningJob, tmp_path: Path) -> None:
    job = search(tmp_path)
    job.execute(1)
    assert results(job) == results(whole)


def test_pruning_stops_early(whole: TuningJob) -> None:
    pruned = [trial for trial in whole.made() if trial.state == "pruned"]
    assert pruned
    for trial in pruned:
        run = whole.run(trial.number)
        steps = read_records(run_folder(whole.out, run) / "records.jsonl")["step"]
        assert whole.steps // 3 <= trial.step == steps.max() < whole.steps
    for trial in whole.made():
        if trial.state == "complete":
            assert trial.step == whole.steps


def test_a_pruned_trial_was_behind_the_median_of_those_before_it(whole: TuningJob) -> None:
    def errors(number: int) -> dict[int, float]:
        rows = read_records(run_folder(whole.out, whole.run(number)) / "records.jsonl")
        rows = rows.filter(pl.col("metric") == f"held_out_{TASK.metric}")
        return dict(rows.select("step", "value").iter_rows())

    for trial in whole.made():
        if trial.state == "pruned":
            before = [one for one in whole.made() if one.state == "complete" and one.number < trial.number]
            median = pl.Series([errors(one.number)[trial.step] for one in before]).median()
            assert min(errors(trial.number).values()) > median


class Killed(BaseException):
    """As after a kill: nothing more is written."""


def killing(at: int, *, after_training: bool = False) -> Callable[..., Network]:
    """`train_run`, killed at the optimiser step `at` of all that are taken, or at the end of training `at`."""
    count = 0

    class Kill(Observer):
        def observe(self, result: StepResult) -> None:
            nonlocal count
            count += not after_training
            if count == at:
                raise Killed

    def trained(run: RunSpec, folder: Path, observers: Sequence[Observer]) -> Network:
        nonlocal count
        network = train_run(run, folder, [*observers, Kill()])
        count += after_training
        if after_training and count == at:
            raise Killed
        return network

    return trained


@pytest.mark.parametrize(
    ("at", "after_training"),
    [(2, False), (24, False), (45, False), (2, True)],
    ids=["before a checkpoint", "at a measurement", "in the trial that is pruned", "trained but not told"],
)
def test_a_search_that_was_killed_comes_to_the_same_end(
    at: int, after_training: bool, whole: TuningJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = search(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(tuning_journal, "train_run", killing(at, after_training=after_training))
        with pytest.raises(Killed):
            job.execute(1)
    assert not job.is_done()
    with (job.folder / tuning_journal.JOURNAL).open("ab") as journal:
        journal.write(b'{"op_code": 8, "trial')  # as a kill in mid-write leaves it
    job.execute(1)
    assert results(job) == results(whole)
    assert measured(job) == measured(whole)
    states = [trial.state.name for trial in journal_of(job).trials]
    assert states.count("FAIL") == 1
    assert states.count("RUNNING") == states.count("WAITING") == 0


def measured(job: TuningJob) -> dict[int, dict[int, float]]:
    """Recipe -> step -> the error that pruning was decided on."""
    ended = [trial for trial in journal_of(job).trials if trial.state.name in ("COMPLETE", "PRUNED")]
    return {trial.params["recipe"]: trial.intermediate_values for trial in ended}


def journal_of(job: TuningJob) -> Any:
    optuna = tuning_journal.load_optuna()
    backend = optuna.storages.journal.JournalFileBackend(str(job.folder / tuning_journal.JOURNAL))
    return optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))


def test_a_longer_search_goes_on_from_a_shorter_one(
    whole: TuningJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(tmp_path, trials=2).execute(1)
    job, trained = search(tmp_path), []
    monkeypatch.setattr(tuning_journal, "train_run", lambda run, *rest: (trained.append(run), train_run(run, *rest))[1])
    job.execute(1)
    assert results(job) == results(whole)
    assert trained == [whole.run(2), whole.run(3)]
    assert search(tmp_path, trials=2).is_done()


def test_a_trial_that_diverges_is_the_worst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explosive(number: int, growing: Curriculum) -> Recipe:
        return Recipe(Adam(rate=1e30), ramped=False) if number == 0 else recipe(number, growing)

    monkeypatch.setattr(tuning, "recipe", explosive)
    job = search(tmp_path, trials=2)
    job.execute(1)
    first, second = job.made()
    assert (first.state, first.error) == ("diverged", None)
    assert second.state == "complete"
    assert job.chosen() == second
    stored = job.stored()
    assert stored is not None
    assert stored["trials"] == {"complete": 1, "pruned": 0, "diverged": 1}
    json.dumps(stored, allow_nan=False)


def test_where_everything_diverges_nothing_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "recipe", lambda number, growing: Recipe(Adam(rate=1e30 * (1 + number)), ramped=False))
    job = search(tmp_path, trials=2)
    job.execute(1)
    assert job.is_done()
    assert job.chosen() is None
    assert job.stored() is None


def test_two_processes_do_not_search_in_one_folder(tmp_path: Path) -> None:
    job = search(tmp_path, trials=1)
    with tuning_journal.exclusive(job.folder), pytest.raises(UserError, match="another process"):
        job.execute(1)


def test_a_journal_that_is_none_is_left_alone(tmp_path: Path) -> None:
    job = search(tmp_path, trials=1)
    job.folder.mkdir(parents=True)
    path = job.folder / tuning_journal.JOURNAL
    path.write_text("no journal\nat all\n")
    with pytest.raises(DamagedFile, match="move it away"):
        job.execute(1)
    assert path.read_text() == "no journal\nat all\n"


def test_a_job_travels_and_tells_how_far_it_is(whole: TuningJob) -> None:
    job = pickle.loads(pickle.dumps(whole))
    assert job == whole
    progress = job.progress()
    assert progress is not None
    assert progress.fraction == 1
    assert job.estimate() == 0
    assert replace(job, trials=8).progress().fraction == 0.5
    assert replace(job, share=0.5).progress() is None


def test_a_recipe_that_was_found_does_not_change_the_search(whole: TuningJob) -> None:
    """The search starts from the recipe without a search, whatever was stored before."""
    entry = ENTRY.replace(training=ENTRY.training.replace(optimiser=Adam(rate=0.1)))
    assert replace(whole, entry=entry).folder == whole.folder


def test_what_is_kept_is_what_a_study_trains_by(
    whole: TuningJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "FOUND", tmp_path)
    best, stored, base = whole.chosen(), whole.stored(), ENTRY.training
    assert best is not None
    assert stored is not None
    own = ("toy", "tiny")
    assert chosen_training(own, "transformer", base, TASK.curriculum) == Chosen(base)
    chosen.keep("toy", {"tiny": {"transformer": stored}})
    found = Chosen(recipe(best.number, TASK.curriculum).training(base, TASK.curriculum, 80), own)
    assert chosen_training(own, "transformer", base, TASK.curriculum) == found
    assert chosen_training(own, "mamba", base, TASK.curriculum) == Chosen(base)
    chosen.keep("toy", {"tiny": {"mamba": stored}, "other": {"mamba": stored}})
    for part, model in (("tiny", "transformer"), ("tiny", "mamba"), ("other", "mamba")):
        assert chosen_training(("toy", part), model, base, TASK.curriculum) == replace(found, searched=("toy", part))
