"""The error of each model of a part against what it costs."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import looks
from icl_lab.report.study.figures.base import BARS, Parts, StudyFigure, from_words
from icl_lab.report.study.panels import points_figure
from icl_lab.report.study.points import Point, relative_error

Cost = Literal["state_size", "parameters", "flops_per_prompt", "training_seconds"]
COSTS: dict[str, str] = {
    "state_size": "numbers in the state after a whole prompt",
    "parameters": "trained numbers",
    "flops_per_prompt": "FLOPs of a prompt",
    "training_seconds": "seconds of training",
}


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
            timed = self.cost == "training_seconds"
            cost = comparison.training_seconds(label) if timed else comparison.number(self.cost, label)
            error = relative_error(comparison, label, first=self.first)
            if kind == "model" and cost and error is not None:
                points[label] = (cost, error)
        if not points:
            return None
        picture = points_figure(points, COSTS[self.cost], looks(comparison.kinds))
        caption = f"Mean error over the prompt{from_words(self.first)}, one marker a model. {BARS.format(what='Bars')}"
        if self.cost == "state_size":
            caption += " The state of attention grows with the prompt; it is counted at its end."
        return Drawn(self.name, self.title, caption, picture)
