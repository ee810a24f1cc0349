"""The kinds of figures there are, read from JSON and drawn into files."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import inside, write_atomic
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.pictures import picture_bytes
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.error_against_cost import ErrorAgainstCost
from icl_lab.report.study.figures.error_against_training import ErrorAgainstTraining
from icl_lab.report.study.figures.error_over_parts import ErrorOverParts
from icl_lab.report.study.figures.time_to_half import TimeToHalf

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
