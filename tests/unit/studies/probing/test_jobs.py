"""Looking inside the trainings of a part: once, with pages, and with rows that claims can be about."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.comparisons.comparison import Entry as Trained
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import UserError
from icl_lab.models.presets.mamba import Mamba
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.report.comparison.data import Comparison, Entry
from icl_lab.report.probe.data import PROBE, read_probe
from icl_lab.studies.base import Part
from icl_lab.studies.judging.quantities import Quantity, measure
from icl_lab.studies.probing.jobs import probing_jobs
from icl_lab.studies.probing.joined import with_probing
from icl_lab.studies.probing.look import look_inside
from icl_lab.studies.probing.trained import load_trained
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.run import run_folder, train_run

TASK = LinearRegression(dim=3, length=7)
SPEC = ProbeSpec(functions=8, scored=4, shown=(6,), probed=0, prompts=0)


def part() -> Part:
    model = Trained(model=Mamba(d_model=8, num_layers=1, recipe="grazzi"), training=training_at("smoke", TASK))
    comparison = ComparisonSpec(task=TASK, entries=(model,), baselines=(), scale="smoke", num_seeds=2, num_prompts=16)
    return Part(name="linear", title="", comparison=comparison, headline=(), probe=SPEC)


def test_the_trainings_of_a_part_are_looked_into_once_and_claims_read_what_was_found(tmp_path: Path) -> None:
    one = part()
    assert probing_jobs([one], tmp_path, tmp_path) == ()  # nothing is trained yet
    for run in one.comparison.runs():
        train_run(run, run_folder(tmp_path, run))
    (job,) = probing_jobs([one], tmp_path, tmp_path)
    job.execute(threads=1)
    assert probing_jobs([one], tmp_path, tmp_path) == ()
    for other in ({"functions": 12}, {"shown": (5,)}, {"scored": 5}):
        closer = replace(one, probe=SPEC.replace(**other))
        assert len(probing_jobs([closer], tmp_path, tmp_path)) == 1
    assert (tmp_path / "linear" / "probing" / "mamba" / "index.html").is_file()
    (label,) = {row.label for row in read_probe(job.folder).networks}
    empty = Comparison(task=TASK.to_json(), metric=TASK.metric, predictors=(Entry(label=label, kind="model"),))
    found = {"linear": with_probing(empty, tmp_path / "linear")}
    scale = Quantity(part="linear", predictor="mamba", what="scale of the last block", first=6, last=6)
    estimates = measure(scale, found)
    assert [one.seed for one in estimates] == [0, 1]
    rows = found["linear"].rows("layer_scale")
    last = rows.filter((rows["block"] == 1) & (rows["shown"] == 6))
    assert [one.value for one in estimates] == last.sort("seed")["value"].to_list()
    for what in (
        "shift of the last block",
        "decades over depth",
        "straightness over depth",
        "steepest quarter",
        "flat depth",
    ):
        assert len(measure(Quantity(part="linear", predictor="mamba", what=what), found)) == 2
    assert measure(Quantity(part="linear", predictor="mamba", what="flat depth", first=9), found) == ()


def test_what_was_found_in_trainings_that_are_gone_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icl_lab.studies.probing.look.write_probe_page", lambda folder: folder)  # not asked about here
    one = part()
    first, second = one.comparison.runs()
    train_run(first, run_folder(tmp_path, first))
    (job,) = probing_jobs([one], tmp_path, tmp_path)
    job.execute(threads=1)
    alone = read_probe(job.folder)
    train_run(second, run_folder(tmp_path, second))
    (again,) = probing_jobs([one], tmp_path, tmp_path)  # the first is here still
    assert [run.seed for run in again.runs] == [0, 1]
    shutil.rmtree(run_folder(tmp_path, first))
    # As in a clone: the folder of the part says that the first was trained and measured elsewhere.
    monkeypatch.setattr("icl_lab.studies.probing.jobs.measured_runs", lambda folder: frozenset([first.digest()]))
    (again,) = probing_jobs([one], tmp_path, tmp_path)
    assert [run.seed for run in again.runs] == [1]
    again.execute(threads=1)
    both = read_probe(job.folder)
    assert [network.seed for network in both.networks] == [0, 1]
    kept = both.records.filter(both.records["run"] == first.digest())
    assert kept.equals(alone.records.filter(alone.records["run"] == first.digest()))
    assert len(both.of(both.networks[1], "layer_error"))
    assert probing_jobs([one], tmp_path, tmp_path) == ()
    monkeypatch.setattr("icl_lab.probing.examination.spec.MEASUREMENTS", -1)  # it cannot be looked at again
    assert probing_jobs([one], tmp_path, tmp_path) == ()


def test_a_probe_that_was_measured_otherwise_is_measured_again_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = part()
    for run in one.comparison.runs():
        train_run(run, run_folder(tmp_path, run))
    (job,) = probing_jobs([one], tmp_path, tmp_path)
    job.execute(threads=1)
    notes = [job.folder / "notes.txt", job.folder / "figures" / "mine.png"]
    for path in notes:
        path.write_text("kept")
    written = json.loads((job.folder / PROBE).read_text())
    # A folder of an older version, which did not say how it was measured.
    (job.folder / PROBE).write_text(json.dumps({name: value for name, value in written.items() if name != "measured"}))
    assert not job.is_done()
    (job.folder / PROBE).write_text(json.dumps(written))
    assert job.is_done()
    monkeypatch.setattr("icl_lab.probing.examination.spec.MEASUREMENTS", -1)
    (again,) = probing_jobs([one], tmp_path, tmp_path)
    again.execute(threads=1)
    assert again.is_done()
    assert read_probe(job.folder).measured != written["measured"]
    assert [path.read_text() for path in notes] == ["kept", "kept"]


def test_points_that_are_left_open_are_those_that_they_mean() -> None:
    assert ProbeSpec().measured_on(41) == ProbeSpec(shown=ProbeSpec().shown_on(41)).measured_on(41)
    assert ProbeSpec().measured_on(41) != ProbeSpec().measured_on(21)


def test_networks_of_several_tasks_are_not_compared(tmp_path: Path) -> None:
    runs = [run.replace(task=TASK.replace(dim=dim)) for run in part().comparison.runs()[:1] for dim in (2, 3)]
    for run in runs:
        train_run(run, run_folder(tmp_path, run))
    with pytest.raises(UserError, match="expected runs on one task, got linear_regression"):
        look_inside([load_trained(run_folder(tmp_path, run)) for run in runs], SPEC, tmp_path / "probe")
