"""What the page of a study is made of: `study.json`, written when a study was carried out, read when it is drawn.

The rows are not in it: each part has a folder of its own, with a comparison's two files and its page.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.drawing import study_figure

STUDY = "study.json"

Outcome = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True, kw_only=True)
class FoundStatement:
    """A statement of a claim and what came of it.

    Args:
        words: The statement with its bound.
        figure: The numbers that decided, with intervals.
        outcome: What came of it.
    """

    words: str
    figure: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class FoundClaim:
    """A claim and its verdict.

    Args:
        id: Its short name.
        sentence: What is claimed.
        source: Where.
        outcome: The verdict; `"undecided"` means: at this scale.
        statements: What it consists of.
        premises: What must hold for it to be tested at all.
        deciding: Those of `premises` and `statements` that the verdict rests on.
        published: The published figure, in words.
        as_published: The verdict under the published optimiser, where that was run.
        as_published_in: The parts that were run with it.
        as_published_deciding: What that verdict rests on.
    """

    id: str
    sentence: str
    source: str
    outcome: Outcome
    statements: tuple[FoundStatement, ...]
    premises: tuple[FoundStatement, ...] = ()
    deciding: tuple[FoundStatement, ...] = ()
    published: str = ""
    as_published: Outcome | None = None
    as_published_in: tuple[str, ...] = ()
    as_published_deciding: tuple[FoundStatement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoundRecipe:
    """How some models of a part are trained, in words.

    Args:
        models: Whom it is the recipe of.
        optimiser: With its peak rate.
        curriculum: What grows; "none" where nothing does.
        training: Steps, and prompts in each.
        searched: For which part it was searched, or that it was not.
        published: The published optimiser and curriculum.
    """

    models: tuple[str, ...] = ()
    optimiser: str
    curriculum: str
    training: str
    searched: str
    published: str


@dataclass(frozen=True, kw_only=True)
class FoundPart:
    """A part of a study: a folder with a comparison.

    Args:
        name: Its folder.
        title: What it is about.
        note: What of the task is not as published or not known.
        trained: Trainings that are finished.
        trainings: Trainings that there are to be.
        marks: Model -> our mark or marks, one for each training that differs.
        published_marks: Model -> the published mark.
        scores: Model -> our score, one for each training.
        published_scores: Model -> the published score.
        recipes: How its models are trained.
    """

    name: str
    title: str
    trained: int
    trainings: int
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    published_marks: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    published_scores: Mapping[str, float] = field(default_factory=dict)
    recipes: tuple[FoundRecipe, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class FoundStudy:
    """A study that was carried out, in whole or in part.

    Args:
        name: Its registered name.
        title: As the page is headed.
        question: What it asks.
        source: The paper.
        scale: At which it was run.
        parts: What was run.
        claims: What was decided.
        marks_source: Where the published marks come from.
        scores_source: Where the published scores come from.
        figures: Over several parts, drawn from their rows.
    """

    name: str
    title: str
    question: str
    source: str
    scale: str
    parts: tuple[FoundPart, ...]
    claims: tuple[FoundClaim, ...]
    marks_source: str = ""
    scores_source: str = ""
    figures: tuple[StudyFigure, ...] = ()


def write_study(folder: Path, found: FoundStudy) -> None:
    """Write `study.json`."""
    write_json(folder / STUDY, asdict(found) | {"figures": [figure.to_json() for figure in found.figures]})


def read_study(folder: Path) -> FoundStudy:
    """Read `study.json`.

    Raises:
        UserError: There is none in the folder.
        DamagedFile: It cannot be read, or is not what `write_study` writes.
    """
    path = folder / STUDY
    if not path.is_file():
        raise UserError(f"no study in {folder}: expected {STUDY} there, as `icl run` writes it")
    data = read_json(path)
    try:
        return FoundStudy(**_parsed(data))
    except (TypeError, KeyError, AttributeError) as trouble:
        raise DamagedFile(
            path, f"it is no study ({trouble})", "move it away and run the study again: nothing is trained twice"
        ) from None


def _parsed(data: dict[str, Any]) -> dict[str, Any]:
    parts = tuple(FoundPart(**_part(part)) for part in data["parts"])
    claims = tuple(FoundClaim(**_claim(claim)) for claim in data["claims"])
    figures = tuple(study_figure(figure) for figure in data.get("figures", ()))
    return data | {"parts": parts, "claims": claims, "figures": figures}


def _part(data: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where values have tuples."""
    lists = {name: {model: tuple(found) for model, found in data[name].items()} for name in ("marks", "scores")}
    recipes = (FoundRecipe(**(one | {"models": tuple(one["models"])})) for one in data.get("recipes", ()))
    return data | lists | {"recipes": tuple(recipes)}


def _claim(data: dict[str, Any]) -> dict[str, Any]:
    lists = ("statements", "premises", "deciding", "as_published_deciding")
    found = {name: tuple(FoundStatement(**one) for one in data.get(name, ())) for name in lists}
    return data | found | {"as_published_in": tuple(data.get("as_published_in", ()))}
