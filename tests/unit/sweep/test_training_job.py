"""A training run as a job."""

from pathlib import Path

import pytest

from icl_lab.core.errors import Stopped, UserError
from icl_lab.core.records import read_records
from icl_lab.sweep import pace, stopping
from icl_lab.sweep.base import Job
from icl_lab.sweep.pace import Pace, examples_within, known_pace, pace_of
from icl_lab.sweep.training_job import TrainingJob
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.budgets.flops import Flops
from icl_lab.training.budgets.seconds import Seconds
from icl_lab.training.checkpoint import Checkpoints
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec
from tests.unit.training.tiny import tiny_run


class StopAt(Observer):
    def __init__(self, step: int) -> None:
        self.step = step

    def observe(self, result: StepResult) -> None:
        if result.step == self.step:
            raise Stopped


def job_of(out: Path, spec: RunSpec) -> TrainingJob:
    return TrainingJob(spec, f"tiny seed {spec.seed}", run_folder(out, spec))


@pytest.fixture
def no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: RunSpec) -> Pace:
        raise AssertionError("it was measured")

    monkeypatch.setattr(pace, "measured_pace", refuse)


def test_it_trains_the_run_in_its_folder_and_is_done_then(tmp_path: Path) -> None:
    spec = tiny_run(steps=6, checkpoint_interval=2)
    job = job_of(tmp_path / "job", spec)
    assert isinstance(job, Job)
    assert job.name == "tiny seed 0"
    assert not job.is_done()
    assert job.progress() is None
    job.execute(1)
    assert job.is_done()
    train_run(spec, tmp_path / "run")
    assert (job.folder / "checkpoint.safetensors").read_bytes() == (
        tmp_path / "run" / "checkpoint.safetensors"
    ).read_bytes()


def test_asked_to_stop_it_leaves_a_checkpoint_of_the_step_just_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(tmp_path, tiny_run(steps=6))
    monkeypatch.setattr(stopping._request, "asked", True)
    with pytest.raises(Stopped):
        job.execute(1)
    snapshot = Checkpoints(job.folder, job.run.digest()).load()
    assert snapshot is not None
    assert snapshot.progress.step == 1
    assert not job.is_done()


def test_a_run_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    spec = tiny_run(steps=9, checkpoint_interval=3, record_interval=1)
    train_run(spec, tmp_path / "whole")
    with pytest.raises(Stopped):
        train_run(spec, tmp_path / "stopped", [StopAt(4)])
    train_run(spec, tmp_path / "stopped")
    for name in ("checkpoint.safetensors", "checkpoint.previous.safetensors"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    steps = [read_records(tmp_path / way / "records.jsonl")["step"].to_list() for way in ("stopped", "whole")]
    assert steps[0] == steps[1]


def test_progress_is_the_part_of_the_budget_that_is_spent_and_the_newest_error(tmp_path: Path) -> None:
    spec = tiny_run(steps=10, record_interval=2, held_out_interval=4)
    job = job_of(tmp_path, spec)
    with pytest.raises(Stopped):
        train_run(spec, job.folder, [StopAt(6)])
    progress = job.progress()
    assert progress.fraction == pytest.approx(0.6)
    rows = read_records(job.folder / "records.jsonl")
    assert progress.seconds == rows.filter(metric="seconds")["value"][-1]
    (error,) = rows.filter(metric=f"held_out_{spec.task.metric}", step=4)["value"]
    assert progress.note == f"error {error / spec.task.zero_error:.3f} of zero predictor"
    assert job.estimate() == pytest.approx(progress.seconds * 4 / 6)


def test_with_a_growing_context_progress_counts_examples_not_steps(tmp_path: Path) -> None:
    growth = Curriculum(length=Ramp(start=1, end=5, increment=2, interval=3))
    spec = tiny_run(steps=8, curriculum=growth)
    assert [examples_within(spec, steps) for steps in range(9)] == [0, 1, 2, 3, 6, 9, 12, 17, 22]
    assert examples_within(tiny_run(), 7) == 35


@pytest.mark.usefixtures("no_measurement")
def test_a_budget_in_seconds_is_its_own_estimate(tmp_path: Path) -> None:
    job = job_of(tmp_path, tiny_run(budget=Seconds(amount=100.0)))
    assert job.estimate() == 100.0
    with pytest.raises(Stopped):
        train_run(job.run, job.folder, [StopAt(1)])
    progress = job.progress()
    assert progress.fraction == pytest.approx(progress.seconds / 100)
    assert job.estimate() == pytest.approx(100 - progress.seconds)


def test_a_pace_is_measured_once_for_all_seeds(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    first, second = (job_of(tmp_path, tiny_run(steps=12, seed=seed)) for seed in (0, 1))
    estimate = first.estimate()
    assert estimate > 0
    assert known_pace(first.run, first.folder).total_steps == 12
    request.getfixturevalue("no_measurement")
    assert second.estimate() == estimate
    assert not first.folder.exists()  # an estimate leaves nothing in the folder of the run
    with pytest.raises(AssertionError, match="it was measured"):
        job_of(tmp_path, tiny_run(steps=13)).estimate()


def test_a_pace_that_cannot_be_read_is_measured_again(tmp_path: Path) -> None:
    job = job_of(tmp_path, tiny_run(steps=2))
    pace_of(job.run, job.folder)
    (path,) = (tmp_path / "runs" / ".paces").iterdir()
    path.write_text("{")
    assert pace_of(job.run, job.folder).total_steps == 2


def test_a_budget_in_flops_is_measured_for_whoever_watches(tmp_path: Path) -> None:
    job = job_of(tmp_path, tiny_run(budget=Flops(amount=5e6), record_interval=1))
    job.execute(1)
    assert job.progress().fraction == pytest.approx(1.0)


def test_a_folder_that_cannot_be_used_is_said_to_be_so(tmp_path: Path) -> None:
    job = job_of(tmp_path, tiny_run(steps=2, record_interval=1))
    job.execute(1)
    (job.folder / "checkpoint.safetensors").write_bytes(b"no")
    with pytest.raises(UserError, match="damaged file"):
        job.is_done()
    (job.folder / "records.jsonl").write_text("no\n")
    with pytest.raises(UserError, match="not a record"):
        job.progress()
