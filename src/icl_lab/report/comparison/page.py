"""The page: one HTML file that needs nothing beside it, and the figures as files.

No script, style sheet, font or picture is loaded from anywhere; the page forbids itself to. Every name that came
from a file is escaped by the template, and none becomes a path.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from icl_lab.core.files import inside, write_atomic
from icl_lab.report import words
from icl_lab.report.comparison.answer import agreement, answer, caveat, oracles, question
from icl_lab.report.comparison.citations import citations
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.comparison.drawn import band_words, draw_figures, few_draws_words, thinned_words
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.pair_table import pair_rows
from icl_lab.report.comparison.published_table import misses_words, published_rows
from icl_lab.report.comparison.shift_table import shift_rows
from icl_lab.report.comparison.tables import Row, best_baseline, milestones_of, score_rows, told_as
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.pictures import picture_bytes
from icl_lab.report.drawing.style import looks
from icl_lab.report.estimate import Estimate
from icl_lab.report.rendering import render_template

PAGE, FIGURES = "index.html", "figures"


def write_page(folder: Path) -> Path:
    """Draw the page of a comparison and its figures; returns the path of `index.html`.

    Args:
        folder: Where `comparison.json` and `records.jsonl` are; `index.html` and `figures/` are written beside them.

    Raises:
        UserError: There is no comparison in the folder.
        DamagedFile: One of the two files cannot be read.
    """
    comparison = read_comparison(folder)
    drawn = draw_figures(comparison)
    for figure in drawn.values():
        for kind in ("svg", "png"):
            write_atomic(inside(folder / FIGURES, f"{figure.stem}.{kind}"), picture_bytes(figure.picture, kind))
    page = folder / PAGE
    write_atomic(page, render(comparison, drawn).encode())
    return page


def render(comparison: Comparison, drawn: Mapping[str, Drawn]) -> str:
    """The page as text."""
    rows = score_rows(comparison)
    best = best_baseline(rows)
    measure = comparison.measure
    published = published_rows(comparison)
    return render_template(
        "page.html.j2",
        question=question(comparison),
        answer=answer(rows, measure),
        agreement=agreement(published, comparison.kinds),
        caveat=caveat(rows),
        oracles=oracles(comparison),
        misses=misses_words(published),
        few_draws=few_draws_words(comparison),
        rows=rows,
        best=best,
        scale_end=_scale_end(rows),
        milestones=milestones_of(rows),
        measure=measure,
        told_as=told_as(measure),
        thinned=thinned_words(comparison),
        bands=band_words(comparison),
        published=published,
        shift_rows=shift_rows(comparison),
        labels=list(comparison.kinds),
        pairs=pair_rows(comparison),
        looks={label: look.variable for label, look in looks(comparison.kinds).items()},
        figures=drawn,
        scale=comparison.scale,
        machines=[_machine(machine) for machine in comparison.environments],
        conditions=_conditions(comparison),
        specs=_specs(comparison),
        citations=citations(comparison),
    )


def _scale_end(rows: list[Row]) -> float:
    """Where the scale of the score bars ends: at the best baseline's 1, or beyond where a model is better."""

    def top(score: Estimate | None) -> float:
        return max((x for x in (score.value, score.high) if x is not None), default=0.0) if score else 0.0

    return max(1.0, *(top(row.score) for row in rows))


def _conditions(comparison: Comparison) -> list[tuple[str, str]]:
    found = [("scale", comparison.scale), ("what was reduced", comparison.reduced)]
    found.append(("training seeds", ", ".join(map(str, comparison.seeds))))
    found += [(words.plain(str(name)), _value(value)) for name, value in comparison.settings.items()]
    return [(name, value) for name, value in found if value]


def _specs(comparison: Comparison) -> list[tuple[str, str]]:
    """(name, exact JSON) of the task, of each predictor and of its training, equal trainings once."""
    found = [("task", dict(comparison.task))]
    found += [(entry.label, dict(entry.spec)) for entry in comparison.predictors if entry.spec]
    trainings: dict[str, list[str]] = {}
    for entry in comparison.predictors:
        if entry.training:
            trainings.setdefault(json.dumps(entry.training, indent=2), []).append(entry.label)
    texts = [(name, json.dumps(spec, indent=2)) for name, spec in found]
    return texts + [(f"training of {words.listed(labels)}", text) for text, labels in trainings.items()]


def _machine(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = [(words.plain(str(name)), value) for name, value in environment.items() if value not in (None, "", [], {})]
    return [(name, _value(value)) for name, value in known]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        return " ".join(_value(inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)
