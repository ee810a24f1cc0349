"""How long it takes until half of the zero error is gone."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from icl_lab.report.comparison.data import Comparison
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import Look, looks
from icl_lab.report.study.figures.base import Parts, StudyFigure, kinds_of
from icl_lab.report.study.panels import times_figure
from icl_lab.report.study.points import flops_a_step, last_step, times_to_half

UNITS = ("optimiser steps", "seconds", "FLOPs")


@dataclass(frozen=True, kw_only=True)
class TimeToHalf(StudyFigure):
    """Steps, seconds and FLOPs until half of the zero error is gone, for each model and part.

    Args:
        parts: Part -> its word beside the dots.
    """

    kind: ClassVar[str] = "time to half"

    parts: Mapping[str, str]

    @property
    def shown_parts(self) -> tuple[str, ...]:
        return tuple(self.parts)

    def drawn(self, found: Parts) -> Drawn | None:
        there = {part: found[part] for part in self.parts if part in found}
        styles = looks({label: kind for label, kind in kinds_of(there.values()).items() if kind == "model"})
        reached = {
            (label, part): times for label in styles for part in there if (times := times_to_half(there[part], label))
        }
        if not reached:
            return None
        columns, limits = [], []
        for place, unit in enumerate(UNITS):
            rows: dict[str, dict[str, list[float]]] = {}
            for (label, part), times in reached.items():
                rows.setdefault(label, {})[self.parts[part]] = [(t.steps, t.seconds, t.flops)[place] for t in times]
            limit = max(_looked_for(there[part], label)[place] for label, part in reached)
            values = [value for row in rows.values() for trainings in row.values() for value in trainings]
            if limit or any(math.isfinite(value) for value in values):
                columns.append((unit, rows))
                limits.append(limit)
        picture = times_figure(columns, limits, _of(styles, [label for label, _ in reached]))
        caption = (
            "When the error on held-out prompts first was at most half the zero predictor's, a dot for each training;"
            f" small words are {', '.join(self.parts[part] for part in there)}. Hollow dots: not in the whole training."
            " FLOPs are those of matrix products in three forward passes a step, the backward pass counting as two."
        )
        return Drawn(self.name, self.title, caption, picture)


def _of(styles: Mapping[str, Look], labels: Iterable[str]) -> dict[str, Look]:
    return {label: look for label, look in styles.items() if label in labels}


def _looked_for(comparison: Comparison, label: str) -> tuple[float, float, float]:
    """Steps, seconds and FLOPs of a whole training, seconds of the slowest; 0 where they are not known."""
    steps = last_step(comparison, label)
    timed = comparison.rows("training_seconds").filter(pl.col("predictor") == label)["value"].drop_nulls()
    seconds = max(timed, default=0.0)
    flops = steps * flops_a_step(comparison, label)
    return (steps, seconds, 0.0 if math.isnan(flops) else flops)
