"""What a figure of a study is, and what all of them say in the same words."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from icl_lab.report.comparison.data import Comparison, Kind
from icl_lab.report.drawing.drawn import Drawn

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


def named(reference: str, labels: Iterable[str]) -> str | None:
    """The label that is the reference, or the only one that is it but for its settings; none where there is none.

    >>> named("discrete_mmse", ["ridge(strength=2)", "discrete_mmse(num_tasks=4)"])
    'discrete_mmse(num_tasks=4)'
    """
    labels = list(labels)
    alike = [label for label in labels if label.partition("(")[0] == reference]
    return reference if reference in labels else alike[0] if len(alike) == 1 else None


def kinds_of(comparisons: Iterable[Comparison]) -> dict[str, Kind]:
    """Every predictor of some comparisons, in the order of the first that has it."""
    found: dict[str, Kind] = {}
    for comparison in comparisons:
        found |= {label: kind for label, kind in comparison.kinds.items() if label not in found}
    return found


def from_words(first: int) -> str:
    """Which points of the learning curve a mean is over, in a caption."""
    return f" after {first} or more examples" if first else ""
