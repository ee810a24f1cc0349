"""The pages under `results/` say what the rules of today make of their rows (`icl report FOLDER` draws one anew)."""

import html
from pathlib import Path

import pytest

from icl_lab.report.comparison.answer import answer
from icl_lab.report.comparison.folder import COMPARISON, read_comparison
from icl_lab.report.comparison.tables import score_rows
from icl_lab.report.study.data import STUDY, read_study
from icl_lab.report.study.tables import conclusion
from icl_lab.studies.base import STUDIES
from icl_lab.studies.running.carry_out import judged

RESULTS = Path(__file__).parents[2] / "results" / "studies"
PARTS = sorted(path.parent for path in RESULTS.glob(f"*/*/{COMPARISON}"))
KEPT = sorted(path.parent for path in RESULTS.glob(f"*/{STUDY}"))


def said(folder: Path) -> str:
    return html.unescape((folder / "index.html").read_text())


def test_there_are_results() -> None:
    assert KEPT
    assert PARTS


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.parent.name}/{part.name}")
def test_the_page_of_a_part_opens_with_the_answer_of_its_rows(part: Path) -> None:
    comparison = read_comparison(part)
    assert answer(score_rows(comparison), comparison.measure) in said(part)


@pytest.mark.parametrize("study", KEPT, ids=lambda study: study.name)
def test_a_study_and_its_page_have_the_verdicts_of_its_rows(study: Path) -> None:
    found = read_study(study)
    assert found == judged(STUDIES.get(found.name)(), found.scale, study)
    assert conclusion(found) in said(study)
    for claim in found.claims:
        assert claim.sentence in said(study)
