"""Rows of a part made by hand, for tests of what is said about them."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from icl_lab.core.records import SCHEMA
from icl_lab.report.comparison.data import Comparison, Entry

Point = tuple[float, float, float]


def part(
    curves: Mapping[str, Sequence[Sequence[Point]]],
    zero: float = 1.0,
    shift: str = "",
    held_out: Mapping[str, Sequence[Sequence[float]]] | None = None,
    times: int = 1,
    baselines: Collection[str] = (),
) -> Comparison:
    """A comparison whose rows are given: predictor -> training -> (value, low, high) after 0, 1, ... examples.

    `held_out` is predictor -> training -> held-out error after 100, 200, ... steps. The trainings of each are there
    `times` times, since one training decides nothing. Labels among `baselines` are of no model.
    """
    curves = {label: list(trainings) * times for label, trainings in curves.items()}
    held_out = {label: list(trainings) * times for label, trainings in (held_out or {}).items()}
    rows = [
        {
            "predictor": label,
            "metric": "err",
            "value": value,
            "low": low,
            "high": high,
            "shown": shown,
            "seed": seed,
            "shift": shift,
        }
        for label, trainings in curves.items()
        for seed, curve in enumerate(trainings)
        for shown, (value, low, high) in enumerate(curve)
    ]
    rows += [
        {
            "predictor": label,
            "metric": "held_out_err",
            "value": value,
            "step": 100 * (1 + place),
            "seed": seed,
            "shift": "",
        }
        for label, trainings in held_out.items()
        for seed, curve in enumerate(trainings)
        for place, value in enumerate(curve)
    ]
    rows.append({"predictor": "zero", "metric": "zero_error", "value": zero, "seed": 0, "shift": shift})
    whole = [dict.fromkeys(SCHEMA) | {"run": "r", "task": "t", "about": ""} | row for row in rows]
    return Comparison(
        task={"task": "t"},
        metric="err",
        predictors=tuple(Entry(label=label, kind="baseline" if label in baselines else "model") for label in curves),
        records=pl.DataFrame(whole, schema=SCHEMA),
    )


def sharp(*values: float) -> list[Point]:
    """A curve without uncertainty."""
    return [(value, value, value) for value in values]
