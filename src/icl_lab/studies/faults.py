"""What is wrong with a study as a value: with its parts, its claims and its figures."""

from collections.abc import Iterator

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import named
from icl_lab.report.study.figures.error_over_parts import ErrorOverParts
from icl_lab.studies.base import STUDIES, Part, Study


def faults(study: Study, scale: Scale) -> Iterator[str]:
    """Names twice, claims and figures about parts or predictors that a study does not have."""
    yield from _figure_faults(study, scale)
    made = study.parts(scale)
    parts = {part.name: part for part in made}
    if len(parts) < len(made):
        yield "two parts have one name"
    if len({claim.id for claim in study.claims}) < len(study.claims):
        yield "two claims have one id"
    borrowed_from = {part.recipe_of[0] for part in made if part.recipe_of}
    searched = {name: _part_names(name, scale) for name in borrowed_from}
    for part in made:
        if part.variant_of and part.variant_of not in parts:
            yield f"{part.name} is a variant of {part.variant_of}, which is no part"
        if part.recipe_of and part.recipe_of[1] not in searched[part.recipe_of[0]]:
            yield f"{part.name} uses the search of {' '.join(part.recipe_of)}, which is no part"
    labels = {name: _labels(part.comparison) for name, part in parts.items()}
    for claim in study.claims:
        for quantity in claim.quantities:
            if quantity.part not in parts:
                yield f"{claim.id} speaks of {quantity.part}, which is no part"
                continue
            spec = parts[quantity.part].comparison
            for predictor in filter(None, (quantity.predictor, quantity.over)):
                if named(predictor, labels[quantity.part]) is None:
                    yield f"{claim.id} speaks of {predictor}, which {quantity.part} does not compare"
            # Smoke prompts are too short for the published lengths, and decide nothing.
            if scale == "smoke" and quantity.shift.startswith("length="):
                continue
            if quantity.shift and quantity.shift not in spec.evaluated_shifts:
                yield f"{claim.id} speaks of {quantity.shift}, under which {quantity.part} is not evaluated"


def _labels(spec: ComparisonSpec) -> set[str]:
    return {spec.label(entry.model) for entry in spec.entries} | {one.label for one in spec.baselines}


def _part_names(study: str, scale: Scale) -> set[str]:
    return {part.name for part in STUDIES.get(study)().parts(scale)} if study in STUDIES else set()


def _figure_faults(study: Study, scale: Scale) -> Iterator[str]:
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
