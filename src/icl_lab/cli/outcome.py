"""What a comparison found, for a terminal and as JSON."""

from dataclasses import asdict
from typing import Any

from icl_lab.cli.console import results
from icl_lab.report.comparison.answer import agreement, answer, caveat, oracles, refusals
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.comparison.drawn import few_draws_words
from icl_lab.report.comparison.pair_table import pair_rows, pair_table
from icl_lab.report.comparison.published_table import misses_words, published_rows, published_table
from icl_lab.report.comparison.shift_table import shift_rows, shift_table
from icl_lab.report.comparison.tables import as_json, cost_table, score_rows, score_table


def print_comparison(comparison: Comparison) -> None:
    """Tables of what there is, and one line of conclusion."""
    screen, measure = results(), comparison.measure
    rows = score_rows(comparison)
    published = published_rows(comparison)
    tables = [score_table(rows, measure)]
    if pairs := pair_rows(comparison):
        tables.append(pair_table(pairs, measure))
    if shifted := shift_rows(comparison):
        tables.append(shift_table(shifted, comparison))
    if published:
        tables.append(published_table(published, measure))
    tables.append(cost_table(rows))
    for table in tables:
        screen.print(table)
        screen.print()
    for shift in comparison.shifts() + comparison.lengths():
        if said := refusals(comparison, shift):
            screen.print(f"{shift}: {said}", markup=False)
    screen.print(f"{answer(rows, measure)}", markup=False)
    if said := agreement(published, comparison.kinds):
        screen.print(f"{said} {misses_words(published)}", markup=False)
    for said in (oracles(comparison), caveat(rows), few_draws_words(comparison)):
        if said:
            screen.print(said, markup=False)


def as_values(comparison: Comparison) -> dict[str, Any]:
    """The same as JSON values."""
    published = [
        asdict(row.published) | {"met": row.met, "points": [asdict(point) for point in row.points]}
        for row in published_rows(comparison)
    ]
    return {
        "predictors": as_json(score_rows(comparison)),
        "differences": [asdict(row) | {"verdict": row.verdict} for row in pair_rows(comparison)],
        "shifts": [asdict(row) for row in shift_rows(comparison)],
        "published": published,
        "refused": dict(comparison.refused),
    }
