"""Statements: sentences about quantities that rows can decide; `inequalities` has the kinds there are.

A statement holds where it holds in every training, with the interval over prompts on the same side of its bound; it
does not hold where it fails in every training; anything else is undecided: trainings disagree, or an interval crosses
the bound. One training decides nothing: of two of one model one may learn and the other not. Two are too few for an
interval of their own (Student's t with one degree of freedom is six times as wide as the spread), unanimity is what can
be asked of them. Of two models that were trained each training of the one stands against each of the other: that two
trainings have the same seed makes them no pair. A model beside itself, after more examples or on other prompts, is one
training twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.listing import listed, split
from icl_lab.studies.judging.quantities import Estimate, Quantity, labelled, measure

Outcome = Literal["holds", "does not hold", "undecided"]
About = Literal["either", "learning", "failing"]


@dataclass(frozen=True)
class Finding:
    """What came of a statement.

    Args:
        outcome: Whether it holds.
        words: The statement, with its bound.
        figure: The numbers that decided, one for each training or pair of trainings, with intervals.
    """

    outcome: Outcome
    words: str
    figure: str


@dataclass(frozen=True, kw_only=True)
class Statement(ABC):
    """A sentence about one or two quantities.

    Attributes:
        figures: What the numbers that decide it are called, where they are not the quantity itself.

    Args:
        quantity: What it is about.
        premises: Without these it cannot be tested, and is undecided; other statements of its claim still count.
        about: What a training shorter than the published one can say of it. That a model learns something (`learning`)
            it can show and not refute, that a model does not (`failing`) it can refute and not show.
    """

    figures: ClassVar[str] = ""
    quantity: Quantity
    premises: tuple["Statement", ...] = ()
    about: About = "either"

    @property
    @abstractmethod
    def words(self) -> str:
        """The sentence, with its bound."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What it speaks of, its premises included."""
        return self._own + tuple(quantity for premise in self.premises for quantity in premise.quantities)

    @property
    def _own(self) -> tuple[Quantity, ...]:
        """What the sentence itself speaks of."""
        return (self.quantity,)

    @property
    def compared(self) -> str:
        """What there is a number for, in the plural."""
        return "trainings"

    @abstractmethod
    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        """For each training: the number to show, and how far the statement is from failing (positive: it holds)."""

    def _trained_once(self, parts: Mapping[str, Comparison]) -> str:
        """A model that the sentence speaks of and of which there is a single training; empty where there is none."""
        for quantity in self._own:
            comparison = parts.get(quantity.part)
            if comparison is None or quantity.what == "FLOPs a prompt":  # what no training changes
                continue
            label = labelled(quantity, comparison).predictor
            if comparison.kinds.get(label) == "model" and len(measure(quantity, parts)) == 1:
                return label
        return ""

    def _was_short(self, parts: Mapping[str, Comparison]) -> bool:
        """Whether the trainings were other than the published ones."""
        return any(parts[quantity.part].scale != "paper" for quantity in self._own if quantity.part in parts)

    def judge(self, parts: Mapping[str, Comparison]) -> Finding:
        """Decide the statement on the rows of a study."""
        margins = self.margins(parts)
        if not margins:
            return Finding("undecided", self.words, "not measured")
        signs = [margin for _, margin in margins]
        outcome = decided(signs)
        figure = self.figures + listed([number for number, _ in margins], self.compared) + split(signs, self.compared)
        if self._was_short(parts):
            if (self.about, outcome) == ("learning", "does not hold"):
                outcome, figure = "undecided", f"{figure}, not reached, which so short a training does not refute"
            if (self.about, outcome) == ("failing", "holds"):
                outcome, figure = "undecided", f"{figure}, which so short a training does not show to last"
        alone = "" if outcome == "undecided" else self._trained_once(parts)
        if alone:
            outcome, figure = "undecided", f"{figure}; {alone} was trained once, which decides nothing"
        for premise in self.premises:
            found = premise.judge(parts)
            if found.outcome != "holds":
                is_not = "is not met" if found.outcome == "does not hold" else "is undecided"
                missing = f"; its premise that {found.words} {is_not}: {found.figure}"
                return Finding("undecided", self.words, figure + missing)
        return Finding(outcome, self.words, figure)


def decided(margins: Sequence[Estimate]) -> Outcome:
    """Unanimous trainings, each with its whole interval on one side of zero, or nothing is decided."""
    if all(margin.low >= 0 for margin in margins):
        return "holds"
    return "does not hold" if all(margin.high < 0 for margin in margins) else "undecided"
