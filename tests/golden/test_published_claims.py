"""The published curves of Grazzi et al. keep the margins of our claims: what the paper shows, our statements call so.

A margin that the paper's own models miss would refute nothing when ours miss it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import polars as pl
import pytest

from icl_lab.core.records import SCHEMA
from icl_lab.core.short_form import from_short
from icl_lab.published.curves import published_curve
from icl_lab.report.comparison.data import Comparison, Entry
from icl_lab.studies.base import Part
from icl_lab.studies.grazzi.claims.inside import inside_claims
from icl_lab.studies.grazzi2024 import Grazzi2024
from icl_lab.studies.judging.claims import Claim
from icl_lab.tasks.shifts.base import SHIFTS

CLAIMS = [claim for claim in Grazzi2024().claims if claim not in inside_claims()]
"""About curves. What is inside is published over layers, not blocks."""
PARTS = {part.name: part for part in Grazzi2024().parts("paper")}
NOT_PUBLISHED = {"in_distribution"}
"""Figure 1 shows isotropic inputs; on skewed ones only the last layers of figure 3d are known, after 40 examples."""


@cache
def published(*, sharp: bool) -> Mapping[str, Comparison]:
    """The published means as the rows of all parts, with the band over all published trainings or without.

    Twice each, since one training decides nothing.
    """
    return {name: _published(part, sharp=sharp) for name, part in PARTS.items()}


def _published(part: Part, *, sharp: bool) -> Comparison:
    quantities = {one for claim in CLAIMS for one in claim.quantities if one.part == part.name}
    rows = [
        row
        for predictor, shift in sorted({(one.predictor, one.shift) for one in quantities})
        for row in _rows(part, predictor, shift, sharp=sharp)
    ]
    return Comparison(
        task={"task": part.comparison.task.spec_name()},
        metric="err",
        predictors=tuple(Entry(label=label, kind="model") for label in sorted({row["predictor"] for row in rows})),
        records=pl.DataFrame([dict.fromkeys(SCHEMA) | {"run": "r", "task": "t"} | row for row in rows], schema=SCHEMA),
    )


def _rows(part: Part, predictor: str, shift: str, *, sharp: bool) -> Iterator[dict[str, Any]]:
    task = part.comparison.task
    longer = shift.startswith("length=")
    evaluated = from_short(SHIFTS, shift).shifted(task) if shift and not longer else task
    yield {"predictor": "zero", "metric": "zero_error", "value": evaluated.zero_error, "seed": 0, "shift": shift}
    for curve in published_curve(task, "" if longer else shift, predictor)[:1]:
        for shown, value, low, high in zip(curve.shown, curve.value, curve.low, curve.high, strict=True):
            ends = (value, value) if sharp else (low, high)
            numbers = dict(zip(("value", "low", "high"), map(float, (value, *ends)), strict=True))
            for seed in (0, 1):
                yield (
                    {"predictor": predictor, "metric": "err", "seed": seed, "shift": shift}
                    | {"shown": int(shown)}
                    | numbers
                )


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.id not in NOT_PUBLISHED], ids=lambda one: one.id)
def test_the_published_means_keep_every_margin(claim: Claim) -> None:
    verdict = claim.judge(published(sharp=True))
    assert [(one.words, one.figure) for one in verdict.findings + verdict.premises if one.outcome != "holds"] == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda one: one.id)
def test_no_published_band_refutes_a_claim(claim: Claim) -> None:
    assert "does not hold" not in {one.outcome for one in claim.judge(published(sharp=False)).findings}


def test_what_is_not_published_is_not_measured() -> None:
    for claim in CLAIMS:
        measured = {finding.figure == "not measured" for finding in claim.judge(published(sharp=True)).findings}
        assert (True in measured) == (claim.id in NOT_PUBLISHED), claim.id
