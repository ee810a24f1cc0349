"""The sentence a page opens with: who leads, by which numbers, and when nobody does."""

from dataclasses import replace
from pathlib import Path

from icl_lab.core.records import Record
from icl_lab.report.comparison.answer import answer, caveat, question, refusals
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.tables import score_rows
from icl_lab.report.words import Measure
from tests.unit.report.folders import CURVE, METRIC, comparison, described, entry, rows, usual, write


def two_models() -> list[Record]:
    """One ahead of the other, both behind ridge."""
    models = [*rows("a", CURVE, score=0.9, gap=0.0), *rows("b", CURVE, score=0.7, gap=0.2)]
    return [*models, *rows("ridge", CURVE, score=1)]


def test_the_answer_names_the_leader_its_numbers_and_who_follows(tmp_path: Path) -> None:
    described = read_comparison(usual(tmp_path))
    found = score_rows(described)
    assert question(described) == "Which model learns linear regression in 1 dimension best from its prompt?"
    assert answer(found, described.measure) == (
        "mamba is ahead on these prompts: its ICL score is 0.980 (least_squares has 1, always saying zero has 0); "
        "after 2 examples its error is 0.020 of the zero predictor's (least_squares: <1e-6); transformer (0.700) "
        "follows."
    )
    assert caveat(found).startswith("One training of each model")
    assert refusals(described, "length=8") == "Not drawn: transformer, which cannot read prompts this long."


def test_models_whose_difference_may_be_nothing_are_not_ranked(tmp_path: Path) -> None:
    records = [
        *rows("one", [1.0, 0.1, 0.02, 0.01], score=0.98, gap=0.0),
        *rows("other", [1.0, 0.1, 0.02, 0.01], score=0.97, gap=0.0),
        *rows("ridge", [1.0, 0.1, 0.01, 0.01], score=1.0),
    ]
    described = comparison(entry("one"), entry("other"), entry("ridge", "baseline"))
    found = score_rows(read_comparison(write(tmp_path, described, records)))
    assert answer(found, described.measure).startswith("one and other cannot be told apart on these prompts")


def test_without_rows_the_answer_says_so(tmp_path: Path) -> None:
    described = read_comparison(write(tmp_path, comparison(entry("mamba")), []))
    assert answer(score_rows(described), described.measure) == "Nothing has been measured yet."


def test_the_headline_rests_on_the_trainings_too(tmp_path: Path) -> None:
    gap = Record(run="r", predictor="b", task="t", metric="score_gap_over_seeds", value=0.2, low=-0.1, high=0.5)
    both = two_models()
    again = [replace(row, seed=1) for row in both if row.metric == METRIC]
    found = score_rows(described(tmp_path, [*both, *again], models=("a", "b")))
    assert answer(found, Measure(METRIC)).startswith("a is ahead on these prompts")
    found = score_rows(described(tmp_path, [*both, *again, replace(gap, low=0.1)], models=("a", "b")))
    assert answer(found, Measure(METRIC)).startswith("a learns best")
    found = score_rows(described(tmp_path, [*both, *again, gap], models=("a", "b")))
    assert answer(found, Measure(METRIC)).startswith("a and b cannot be told apart after these trainings")


def test_whoever_was_trained_once_is_set_apart_from_who_follows(tmp_path: Path) -> None:
    gap = Record(run="r", predictor="b", task="t", metric="score_gap_over_seeds", value=0.2, low=0.1, high=0.3)
    both, once = two_models(), rows("c", CURVE, score=0.5, gap=0.4)
    again = [replace(row, seed=1) for row in both if row.metric == METRIC]
    found = score_rows(described(tmp_path, [*both, *again, gap, *once], models=("a", "b", "c")))
    said = answer(found, Measure(METRIC))
    assert said.startswith("a learns best of those trained more than once")
    assert said.endswith("; b (0.700) follows; c (0.500), trained once, is behind on these prompts.")


def test_nobody_leads_with_next_to_nothing(tmp_path: Path) -> None:
    records = [*rows("a", CURVE, score=0.004, gap=0.0), *rows("b", CURVE, score=0.0, gap=0.004)]
    sure = [
        replace(row, low=0.003) if row.predictor == "a" and row.metric.startswith("icl_score") else row
        for row in records
    ]
    found = score_rows(described(tmp_path, [*sure, *rows("ridge", CURVE, score=1)], models=("a", "b")))
    assert answer(found, Measure(METRIC)).startswith("No model is clearly better than always saying zero")


def test_a_difference_without_an_interval_ranks_nobody(tmp_path: Path) -> None:
    both = two_models()
    blind = [replace(row, low=None, high=None) for row in both]
    found = score_rows(described(tmp_path, blind, models=("a", "b")))
    assert "cannot be told apart" in answer(found, Measure(METRIC))


def test_nobody_wins_where_nobody_learned(tmp_path: Path) -> None:
    low = [replace(row, value=0.01, low=-0.02, high=0.04) for row in rows("a", CURVE, score=0.01, gap=0.0)
           if row.metric == "icl_score_mean"]  # fmt: skip
    rest = [row for row in two_models() if (row.predictor, row.metric) != ("a", "icl_score_mean")]
    worse = [replace(row, value=-0.5) if (row.predictor, row.metric) == ("b", "icl_score_mean") else row
             for row in rest]  # fmt: skip
    found = score_rows(described(tmp_path, [*worse, *low], models=("a", "b")))
    assert answer(found, Measure(METRIC)) == (
        "No model is clearly better than always saying zero over the whole prompt: the ICL score of a is 0.010"
        " (ridge has 1, always saying zero has 0)."
    )
