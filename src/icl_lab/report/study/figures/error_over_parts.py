"""Error over a number that grows from part to part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from icl_lab.report.comparison.data import Kind
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import looks
from icl_lab.report.study.figures.base import BARS, Parts, StudyFigure, from_words, kinds_of, named
from icl_lab.report.study.panels import parts_figure
from icl_lab.report.study.points import Point, relative_error


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
        kinds: dict[str, Kind] = {label: kind for label, kind in kinds_of(there).items() if kind == "model"}
        for reference in self.references:
            for comparison in there:
                if label := named(reference, comparison.kinds):
                    kinds[reference] = comparison.kinds[label]
        panels = [(heading, self._lines(found, kinds, shift)) for shift, heading in self.panels.items()]
        if not any(lines for _, lines in panels):
            return None
        picture = parts_figure(panels, self.axis, looks(kinds))
        caption = f"Mean error over the prompt{from_words(self.first)}. {BARS.format(what='Bands')}"
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
