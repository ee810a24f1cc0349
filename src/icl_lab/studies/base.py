"""What a study is: a paper, or a question, as values. Parts say what is run, claims what is to be decided.

A part is a comparison with a name: one task, the architectures that are trained on it, the baselines and shifts that
they are compared with. A study holds no numbers of its own; `running/carry_out.py` makes them, at one of three scales.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry
from icl_lab.core.scales import Scale
from icl_lab.core.specs import Registered
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.tuning.chosen import PartOf
from icl_lab.tasks.parts.curriculum import Curriculum

STUDIES: Registry["Study"] = Registry("study", "icl_lab.studies")

Mark = Literal["ok", "gap", "fail"]
"""`ok`: on par with the best model; `gap`: learns, but clearly worse; `fail`: does not learn."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparison of a study.

    Args:
        name: Unique in its study, a word; the folder of the part.
        title: What it is about, as the page says it.
        note: What of the task is not as published or not known; empty where there is nothing to say.
        comparison: What is trained and evaluated.
        headline: Labels of the models that claims are about; the others are trained last.
        variant_of: Name of the part that this one repeats with another recipe; the claims are judged on both.
        recipe_of: Study and part whose search for recipes this one uses, where it has none of its own.
        searched: Label of a model -> the study and part of the search that its recipe comes from.
        published: The comparison at the published sizes, which the page says the differences to.
        probe: How closely its trained models are looked into; none: not at all.
        growing: What can grow during a training, from where to where; a search tries it with and without.
    """

    name: str
    title: str
    comparison: ComparisonSpec
    headline: tuple[str, ...]
    variant_of: str = ""
    recipe_of: PartOf | None = None
    searched: Mapping[str, PartOf] = field(default_factory=dict)
    published: ComparisonSpec | None = None
    probe: ProbeSpec | None = None
    growing: Curriculum = Curriculum()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class MarkTable:
    """A published table of marks, one a task and model.

    Args:
        source: Where it is published, and how sure its marks are.
        marks: Part -> model -> mark.
        learned: Part -> from which error on it counts as learned; where nobody reaches that, we give no marks.
    """

    source: str
    marks: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)
    learned: Mapping[str, Bound] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """A published table of scores: gain over the zero predictor in units of that of a named predictor.

    Args:
        source: Where it is published, and what is different here.
        over: Part -> the predictor whose score is 1.
        scores: Part -> model -> score.
    """

    source: str
    over: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Study(Registered):
    """A paper or question that can be run.

    Attributes:
        title: As a page is headed.
        question: What it asks, in one sentence.
        source: The paper; empty for a question of our own.
    """

    registry = STUDIES
    title: ClassVar[str]
    question: ClassVar[str]
    source: ClassVar[str] = ""

    @abstractmethod
    def parts(self, scale: Scale) -> tuple[Part, ...]:
        """What is run at a scale, the most informative first."""

    @property
    @abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """What is to be decided, in the order of the paper."""

    @property
    def published_marks(self) -> MarkTable | None:
        """The published table of marks, where there is one."""
        return None

    @property
    def published_scores(self) -> ScoreTable | None:
        """The published table of scores, where there is one."""
        return None

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        """The figures over several parts, in the order of the page; each part has its own besides."""
        return ()

    def part(self, name: str, scale: Scale) -> Part:
        """A part by name.

        Raises:
            UserError: There is none; the names are given.
        """
        parts = {part.name: part for part in self.parts(scale)}
        if name not in parts:
            raise UserError(f"{self.spec_name()} has no part {name!r}: there are {', '.join(parts)}")
        return parts[name]
