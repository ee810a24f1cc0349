"""What is wrong with the figures of a study; the kinds of figures there are in `report/study/figures.py`."""

from collections.abc import Iterator

from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import named
from icl_lab.report.study.figures.error_over_parts import ErrorOverParts
from icl_lab.studies.base import Part, Study


def figure_faults(study: Study, scale: Scale) -> Iterator[str]:
    """Figures with one name, and parts, shifts or predictors of which the study has no rows."""
    parts = {part.name: part for part in study.parts(scale)}
    if len({figure.name for figure in study.figures}) < len(study.figures):
        yield "two figures have one name"
    for figure in study.figures:
        missing = [name for name in figure.shown_parts if name not in parts]
        if missing:
            yield f"{figure.name} shows {', '.join(missing)}, which the study does not have"
        elif isinstance(figure, ErrorOverParts):
            for name in figure.shown_parts:
                yield from _not_measured(figure, parts[name])


def _not_measured(figure: ErrorOverParts, part: Part) -> Iterator[str]:
    spec = part.comparison
    for shift in figure.panels:
        if shift and shift not in spec.evaluated_shifts:
            yield f"{figure.name} shows {shift}, under which {part.name} is not evaluated"
    for label in figure.references:
        if named(label, [baseline.label for baseline in spec.baselines]) is None:
            yield f"{figure.name} shows {label}, which {part.name} does not compare"
