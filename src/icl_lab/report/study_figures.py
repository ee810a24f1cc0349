"""Figures over the parts of a study, as values, and how they become pictures. They show records and nothing else.

A study names its figures, `study.json` keeps them, the page draws them: a figure more is a value more.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import inside, write_atomic
from icl_lab.report.data import Comparison, Kind
from icl_lab.report.drawing import picture_bytes
from icl_lab.report.drawn import Drawn
from icl_lab.report.folder import read_comparison
from icl_lab.report.study_panels import parts_figure, points_figure, times_figure, training_cost_figure
from icl_lab.report.study_points import Point, flops_a_step, last_step, relative_error, times_to_half
from icl_lab.report.style import Look, looks

Cost = Literal["state_size", "parameters", "flops_per_prompt", "training_seconds"]
COSTS: dict[str, str] = {
    "state_size": "numbers in the state after a whole prompt",
    "parameters": "trained numbers",
    "flops_per_prompt": "FLOPs of a prompt",
    "training_seconds": "seconds of training",
}
UNITS = ("optimiser steps", "seconds", "FLOPs")
BARS = (
    "{what} are 90% bootstrap intervals over prompts, those of single points averaged, which is wider than need be;"
    " dashes are single trainings where there are several."
)

Parts = Mapping[str, Comparison]


@dataclass(frozen=True, kw_only=True)
class StudyFigure(ABC):
    """A figure of a study.

    Args:
        name: Unique in its study; the stem of its files.
        title: Its heading.
    """

    kind: ClassVar[str]

    name: str
    title: str

    @property
    @abstractmethod
    def shown_parts(self) -> tuple[str, ...]:
        """Names of the parts that it shows."""

    @abstractmethod
    def drawn(self, found: Parts) -> Drawn | None:
        """The picture of the parts that were evaluated; none where there is nothing to see yet."""

    def to_json(self) -> dict[str, Any]:
        """Its fields and its kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class ErrorAgainstCost(StudyFigure):
    """The error of each model of a part against what it costs.

    Args:
        part: The part.
        cost: What it costs, as `evaluation/cost.py` measures it.
        first: First point of the learning curve that counts, in examples shown.
    """

    kind: ClassVar[str] = "error against cost"

    part: str
    cost: Cost = "state_size"
    first: int = 0

    @property
    def shown_parts(self) -> tuple[str, ...]:
        return (self.part,)

    def drawn(self, found: Parts) -> Drawn | None:
        if self.part not in found:
            return None
        comparison = found[self.part]
        points: dict[str, tuple[float, Point]] = {}
        for label, kind in comparison.kinds.items():
            cost = comparison.number(self.cost, label)
            error = relative_error(comparison, label, first=self.first)
            if kind == "model" and cost and error is not None:
                points[label] = (cost, error)
        if not points:
            return None
        picture = points_figure(points, COSTS[self.cost], looks(comparison.kinds))
        caption = f"Mean error over the prompt{_from(self.first)}, one marker a model. {BARS.format(what='Bars')}"
        if self.cost == "state_size":
            caption += " The state of attention grows with the prompt; it is counted at its end."
        return Drawn(self.name, self.title, caption, picture)


@dataclass(frozen=True, kw_only=True)
class ErrorOverParts(StudyFigure):
    """Error over a number that grows from part to part, a line a model.

    Args:
        parts: Part -> the number.
        axis: What the number is.
        panels: Change of the prompts, empty for none -> heading of its panel.
        references: The baselines that are drawn, each by its label, or by its name where settings differ from part to
            part.
        first: First point of the learning curve that counts, in examples shown.
    """

    kind: ClassVar[str] = "error over parts"

    parts: Mapping[str, float]
    axis: str
    panels: Mapping[str, str] = field(default_factory=lambda: {"": "Prompts as in training"})
    references: tuple[str, ...] = ()
    first: int = 0

    @property
    def shown_parts(self) -> tuple[str, ...]:
        return tuple(self.parts)

    def drawn(self, found: Parts) -> Drawn | None:
        there = [found[part] for part in self.parts if part in found]
        kinds: dict[str, Kind] = {label: kind for label, kind in _kinds(there).items() if kind == "model"}
        for reference in self.references:
            for comparison in there:
                if label := named(reference, comparison.kinds):
                    kinds[reference] = comparison.kinds[label]
        panels = [(heading, self._lines(found, kinds, shift)) for shift, heading in self.panels.items()]
        if not any(lines for _, lines in panels):
            return None
        picture = parts_figure(panels, self.axis, looks(kinds))
        caption = f"Mean error over the prompt{_from(self.first)}. {BARS.format(what='Bands')}"
        return Drawn(self.name, self.title, caption, picture)

    def _lines(self, found: Parts, kinds: Iterable[str], shift: str) -> dict[str, dict[float, Point]]:
        lines: dict[str, dict[float, Point]] = {}
        for label in kinds:
            for part, x in self.parts.items():
                here = named(label, found[part].kinds) if part in found else None
                point = relative_error(found[part], here, shift, self.first) if here else None
                if point is not None:
                    lines.setdefault(label, {})[x] = point
        return lines


@dataclass(frozen=True, kw_only=True)
class ErrorAgainstTraining(StudyFigure):
    """The error at the end of the prompt against the FLOPs of the whole training, a line a model, a marker a part.

    Args:
        parts: Part -> its word beside the markers.
    """

    kind: ClassVar[str] = "error against training"

    parts: Mapping[str, str]

    @property
    def shown_parts(self) -> tuple[str, ...]:
        return tuple(self.parts)

    def drawn(self, found: Parts) -> Drawn | None:
        there = {part: found[part] for part in self.parts if part in found}
        lines: dict[str, dict[float, tuple[str, Point]]] = {}
        for part, comparison in there.items():
            for label, kind in comparison.kinds.items():
                flops = last_step(comparison, label) * flops_a_step(comparison, label)
                error = relative_error(comparison, label, first="last")
                if kind == "model" and flops > 0 and error is not None:
                    lines.setdefault(label, {})[flops] = (self.parts[part], error)
        # Whoever was trained in one budget only says nothing of what a larger one buys.
        most = max(map(len, lines.values()), default=0)
        styles = {
            label: look for label, look in looks(_kinds(there.values())).items() if len(lines.get(label, ())) == most
        }
        if not most:
            return None
        picture = training_cost_figure({label: lines[label] for label in styles}, styles)
        caption = (
            "Error at the end of the prompt, one marker a training budget; small words say the width of the models."
            f" {BARS.format(what='Bars')} FLOPs are those of matrix products in three forward passes a step over whole"
            " prompts, the backward pass counting as two."
        )
        return Drawn(self.name, self.title, caption, picture)


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
        styles = looks({label: kind for label, kind in _kinds(there.values()).items() if kind == "model"})
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


KINDS: dict[str, type[StudyFigure]] = {
    one.kind: one for one in (ErrorAgainstCost, ErrorAgainstTraining, ErrorOverParts, TimeToHalf)
}


def study_figure(data: Mapping[str, Any]) -> StudyFigure:
    """The figure that `to_json` wrote; JSON has lists in the place of tuples.

    Raises:
        KeyError: There is no such kind of figures.
        TypeError: Its fields are others.
    """
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "kind"
    }
    return KINDS[data["kind"]](**fields)


def named(reference: str, labels: Iterable[str]) -> str | None:
    """The label that is the reference, or the only one that is it but for its settings; none where there is none.

    >>> named("discrete_mmse", ["ridge(strength=2)", "discrete_mmse(num_tasks=4)"])
    'discrete_mmse(num_tasks=4)'
    """
    labels = list(labels)
    alike = [label for label in labels if label.partition("(")[0] == reference]
    return reference if reference in labels else alike[0] if len(alike) == 1 else None


def draw_study_figures(folder: Path, figures: Iterable[StudyFigure]) -> tuple[Drawn, ...]:
    """The figures of a study that there are rows for; the same as files in `figures/`, SVG and PNG.

    Args:
        folder: Of the study, with a folder for each part.
        figures: Of the study.

    Raises:
        DamagedFile: The rows of a part cannot be read.
    """
    figures = tuple(figures)
    found = dict(_found(folder, {part for figure in figures for part in figure.shown_parts}))
    drawn = tuple(one for figure in figures if (one := figure.drawn(found)) is not None)
    for one in drawn:
        for kind in ("svg", "png"):
            write_atomic(inside(folder / "figures", f"{one.stem}.{kind}"), picture_bytes(one.picture, kind))
    return drawn


def _found(folder: Path, parts: Iterable[str]) -> Iterator[tuple[str, Comparison]]:
    for part in parts:
        if (folder / part).is_dir():
            try:
                yield part, read_comparison(folder / part)
            except DamagedFile:
                raise
            except UserError:  # not evaluated yet
                continue


def _kinds(comparisons: Iterable[Comparison]) -> dict[str, Kind]:
    """Every predictor of some comparisons, in the order of the first that has it."""
    found: dict[str, Kind] = {}
    for comparison in comparisons:
        found |= {label: kind for label, kind in comparison.kinds.items() if label not in found}
    return found


def _of(styles: Mapping[str, Look], labels: Iterable[str]) -> dict[str, Look]:
    return {label: look for label, look in styles.items() if label in labels}


def _looked_for(comparison: Comparison, label: str) -> tuple[float, float, float]:
    """Steps, seconds and FLOPs of a whole training; 0 where they are not known."""
    steps = last_step(comparison, label)
    seconds = comparison.number("training_seconds", label) or 0.0
    flops = steps * flops_a_step(comparison, label)
    return (steps, seconds, 0.0 if math.isnan(flops) else flops)


def _from(first: int) -> str:
    return f" after {first} or more examples" if first else ""
