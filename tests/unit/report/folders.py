"""A small comparison on the disk, with round numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from icl_lab.core.records import Record, RecordWriter
from icl_lab.report.comparison.data import Comparison, Entry, Kind
from icl_lab.report.comparison.folder import COMPARISON, RECORDS, read_comparison, write_comparison

METRIC = "squared_error_over_dim"
CURVE = [1.0, 0.5, 0.2, 0.1]


def rows(
    label: str, errors: Sequence[float], *, score: float, gap: float | None = None, shift: str = ""
) -> list[Record]:
    """The rows of one predictor as an evaluation writes them; bands are a tenth either side."""

    def row(metric: str, value: float, spread: float = 0.1, shown: int | None = None) -> Record:
        return Record(
            run="0123456789ab",
            predictor=label,
            task="linear_regression",
            metric=metric,
            value=value,
            low=value - spread * abs(value),
            high=value + spread * abs(value),
            shown=shown,
            shift=shift,
            num_prompts=1280,
        )

    found = [row(f"{METRIC}{kind}", error, shown=k) for kind in ("", "_mean") for k, error in enumerate(errors)]
    found += [row("icl_score_mean", score, 0.0), row("examples_to_half_mean", 3.0)]
    found += [row("relative_error_mean", errors[k], shown=k) for k in (2, len(errors) - 1)]
    found += [row("excess_error_mean", errors[2], shown=2)]
    return found + ([] if gap is None else [row("score_gap_mean", gap)])


def training(label: str, seed: int = 0, steps: int = 120) -> list[Record]:
    """A training curve that falls from 2, one step each tenth of a second."""
    shared = {"run": "0123456789ab", "predictor": label, "task": "linear_regression", "seed": seed}
    found = []
    for step in range(1, steps + 1):
        found.append(Record(metric="loss", value=2 / step, step=step, **shared))
        found.append(Record(metric="seconds", value=0.1 * step, step=step, **shared))
    return [*found, Record(metric="training_seconds", value=0.1 * steps, **shared)]


def entry(label: str, kind: Kind = "model", **more: str) -> Entry:
    spec = {"model" if kind == "model" else "baseline": label}
    return Entry(label=label, kind=kind, spec=spec, training={"steps": 120} if kind == "model" else {}, **more)


def comparison(*predictors: Entry, **more: object) -> Comparison:
    settings: dict[str, object] = {
        "task": {"task": "linear_regression", "dim": 1, "length": 4},
        "metric": METRIC,
        "predictors": predictors,
        "scale": "smoke",
        "settings": {"num_prompts": 1280},
        "environments": ({"python": "3.11.9", "packages": {"torch": "2.13.0"}, "commit": None},),
    }
    return Comparison(**(settings | more))  # type: ignore[arg-type]


def write(folder: Path, described: Comparison, records: Sequence[Record]) -> Path:
    write_comparison(folder, described)
    (folder / RECORDS).unlink(missing_ok=True)
    RecordWriter(folder / RECORDS).append(records)
    assert (folder / COMPARISON).is_file()
    return folder


def usual(folder: Path, model: str = "mamba", other: str = "transformer") -> Path:
    """Two models, one clearly ahead, and least squares; with training curves and a longer context."""
    predictors = (
        entry(model, formula="h = A h + B x", source="Gu & Dao 2023 (arXiv 2312.00752)"),
        entry(other),
        entry("least_squares", "baseline", source="a textbook"),
    )
    zero = {"run": "z", "predictor": "zero", "task": "linear_regression", "metric": "zero_error", "value": 1.0}
    records = [
        Record(**zero),
        *rows(model, [1.0, 0.1, 0.02, 0.01], score=0.98, gap=0.0),
        *rows(other, [1.0, 0.5, 0.3, 0.2], score=0.7, gap=0.28),
        *rows("least_squares", [1.0, 1e-15, 1e-15, 1e-15], score=1.0),
        Record(**zero, shift="length=8"),
        *rows(model, [1.0, 0.1, 0.02, 0.01, 0.02, 0.03, 0.04, 0.05], score=0.9, shift="length=8"),
        Record(**(zero | {"predictor": other, "metric": "refused", "value": 8.0}), shift="length=8"),
        *training(model),
        *training(other),
        Record(**(zero | {"predictor": model, "metric": "parameters", "value": 133_120.0})),
    ]
    return write(folder, comparison(*predictors), records)


def plain_row(metric: str, value: float | None, predictor: str = "zero", shift: str = "") -> Record:
    """A number that nothing is uncertain about."""
    return Record(run="z", predictor=predictor, task="t", metric=metric, value=value, shift=shift, num_prompts=1280)


def difference(pair: str, value: float, spread: float, *, metric: str = "difference_mean") -> list[Record]:
    """A difference over the prompt and at the end, with the same interval."""
    row = Record(run="r", predictor=pair, task="t", metric=metric, value=value, low=value - spread, high=value + spread)
    return [row, replace(row, shown=3)]


def published_points(predictor: str, values: Sequence[float], *, figure: str = "8", shift: str = "") -> list[Record]:
    """A published curve with bands of a tenth either side."""
    return [
        replace(
            plain_row(f"published_{figure}", value, predictor, shift), low=0.9 * value, high=1.1 * value, shown=shown
        )
        for shown, value in enumerate(values)
    ]


def described(folder: Path, records: list[Record], *, models: tuple[str, ...] = (), **more: object) -> Comparison:
    """A comparison of these models and ridge, written and read back."""
    predictors = (*(entry(label) for label in models), entry("ridge", "baseline"))
    return read_comparison(write(folder, comparison(*predictors, **more), records))
