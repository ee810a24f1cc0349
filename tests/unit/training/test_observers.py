"""What people see of a run."""

import io

import pytest
from rich.console import Console

from icl_lab.core.records import read_records
from icl_lab.training.observers.live import LiveDisplay
from icl_lab.training.observers.training_curve import TrainingCurve, drop_rows_after
from icl_lab.training.result import StepResult
from tests.unit.training.tiny import TASK, tiny_run


def result(step: int, **changes: object) -> StepResult:
    values = {
        "step": step,
        "total": 100,
        "loss": 1.0,
        "smoothed_loss": 0.5,
        "gradient_norm": 2.0,
        "rate": 1e-3,
        "tokens": 80,
        "seconds": 0.5,
    }
    return StepResult(**(values | changes))


def shown(*, terminal: bool, baseline_error: float | None = None) -> str:
    text = io.StringIO()
    display = LiveDisplay(Console(file=text, force_terminal=terminal, width=200), "a [bold]label", baseline_error)
    display.begin(tiny_run(steps=100), 0)
    for step in range(1, 101):
        display.observe(result(step, error=0.25 * TASK.zero_error if step == 50 else None))
    display.end()
    return text.getvalue()


def test_without_a_terminal_it_is_about_ten_plain_lines() -> None:
    lines = shown(terminal=False).splitlines()
    assert 10 <= len(lines) <= 12
    assert lines[0] == "a [bold]label: step 1 of 100  loss 0.5  160 tokens/s  50 s left"
    assert lines[-1].startswith("a [bold]label: step 100 of 100  loss 0.5  error 0.250 of zero predictor")
    assert "\x1b" not in "".join(lines)


def test_the_error_is_compared_with_the_best_baseline_where_one_is_known() -> None:
    text = shown(terminal=False, baseline_error=0.125 * TASK.zero_error)
    assert "error 0.250 of zero predictor, 2.00 of best baseline" in text


def test_on_a_terminal_it_is_one_live_line() -> None:
    text = shown(terminal=True)
    assert "\x1b[" in text
    assert "100/100" in text
    assert "a [bold]label" in text  # a label is text, not markup


def test_the_training_curve_has_a_row_for_each_number(tmp_path) -> None:
    curve = TrainingCurve(tmp_path / "records.jsonl", "a model")
    curve.begin(tiny_run(record_interval=10, seed=3), 0)
    for step in range(1, 26):
        curve.observe(result(step, total=25, error=0.1 if step == 12 else None))
    rows = read_records(tmp_path / "records.jsonl")
    steps = rows.filter(rows["metric"] == "loss")["step"].to_list()
    assert steps == [1, 10, 12, 20, 25]
    last = {row["metric"]: row["value"] for row in rows.filter(rows["step"] == 12).to_dicts()}
    assert last == {
        "loss": 1.0,
        "smoothed_loss": 0.5,
        "gradient_norm": 2.0,
        "learning_rate": 1e-3,
        "tokens_per_second": 160.0,
        "seconds": 6.0,
        "held_out_squared_error_over_dim": pytest.approx(0.1),
    }
    assert set(rows["seed"]) == {3}


def test_seconds_go_on_where_they_stopped(tmp_path) -> None:
    path, spec = tmp_path / "records.jsonl", tiny_run(record_interval=1)
    first = TrainingCurve(path, "m")
    first.begin(spec, 0)
    for step in (1, 2, 3):
        first.observe(result(step))
    second = TrainingCurve(path, "m")
    second.begin(spec, 2)
    second.observe(result(3))
    rows = read_records(path)
    assert rows.filter(rows["metric"] == "seconds")["value"].to_list() == [0.5, 1.0, 1.5]


def test_dropping_nothing_does_not_touch_the_file(tmp_path) -> None:
    path = tmp_path / "records.jsonl"
    curve = TrainingCurve(path, "m")
    curve.begin(tiny_run(record_interval=1), 0)
    curve.observe(result(1))
    before = path.stat()
    drop_rows_after(path, 1)
    assert path.stat().st_ino == before.st_ino
