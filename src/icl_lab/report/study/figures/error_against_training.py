"""Error against the FLOPs of the whole training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import looks
from icl_lab.report.study.figures.base import BARS, Parts, StudyFigure, kinds_of
from icl_lab.report.study.panels import training_cost_figure
from icl_lab.report.study.points import Point, flops_a_step, last_step, relative_error


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
            label: look for label, look in looks(kinds_of(there.values())).items() if len(lines.get(label, ())) == most
        }
        if most < 2:
            return None
        picture = training_cost_figure({label: lines[label] for label in styles}, styles)
        caption = (
            "Error at the end of the prompt, one marker a training budget; small words say the width of the models."
            f" {BARS.format(what='Bars')} FLOPs are those of matrix products in three forward passes a step over whole"
            " prompts, the backward pass counting as two."
        )
        return Drawn(self.name, self.title, caption, picture)
