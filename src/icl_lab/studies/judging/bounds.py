"""From which error on a model has learned a task: one bound a task, the same in every claim and in the marks."""

from dataclasses import dataclass

from icl_lab.studies.judging.inequalities import AtMost
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import About


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A bound on the relative error of a part.

    Args:
        error: The highest mean relative error at which the task counts as learned.
        first: First point of the learning curve that counts, as `Quantity` has it.
        last: Last point that counts.
        shift: Change of the prompts under which it is measured.
    """

    error: float
    first: int | None = None
    last: int | None = None
    shift: str = ""

    def quantity(self, part: str, model: str) -> Quantity:
        """The error that the bound is for."""
        return Quantity(part=part, predictor=model, first=self.first, last=self.last, shift=self.shift)

    def by(self, part: str, model: str, *, about: About = "either") -> AtMost:
        """That a model has learned the part."""
        return AtMost(quantity=self.quantity(part, model), bound=self.error, about=about)
