"""A claim holds where all its statements do, and is not tested at all where its premises fail."""

from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtMost, Near
from icl_lab.studies.judging.marks import marks
from icl_lab.studies.judging.quantities import Quantity

from .found_rows import part, sharp

A, B = Quantity(part="p", predictor="a", what="error"), Quantity(part="p", predictor="b", what="error")
GOOD, BAD, OPEN = (AtMost(quantity=A, bound=bound) for bound in (2.0, 0.5, 1.0))
ROWS = {"p": part({"a": [[(1.0, 0.9, 1.1)]], "b": [sharp(1.0)]}, times=2)}


def claim(*statements: AtMost, premises: tuple[AtMost, ...] = ()) -> Claim:
    return Claim(id="C", sentence="s", source="s", statements=statements, premises=premises)


def test_all_statements_must_hold() -> None:
    assert claim(GOOD, GOOD).judge(ROWS).outcome == "holds"
    assert claim(GOOD, OPEN).judge(ROWS).outcome == "undecided"
    assert claim(GOOD, OPEN, BAD).judge(ROWS).outcome == "does not hold"


def test_a_premise_that_fails_leaves_the_claim_undecided() -> None:
    verdict = claim(BAD, premises=(BAD,)).judge(ROWS)
    assert verdict.outcome == "undecided"
    assert verdict.deciding == verdict.premises
    assert claim(GOOD, premises=(GOOD,)).judge(ROWS).outcome == "holds"


def test_the_verdict_names_what_it_rests_on() -> None:
    assert [one.outcome for one in claim(GOOD, OPEN, BAD).judge(ROWS).deciding] == ["does not hold"]
    assert [one.outcome for one in claim(GOOD, OPEN).judge(ROWS).deciding] == ["undecided"]
    assert len(claim(GOOD, GOOD).judge(ROWS).deciding) == 2


def test_a_claim_knows_everything_it_speaks_of() -> None:
    near = Claim(id="C", sentence="s", source="s", statements=(Near(quantity=A, other=B, within=1),), premises=(GOOD,))
    assert near.quantities == (A, A, B)


def test_marks_compare_gains_with_the_best_model() -> None:
    rows = {"p": part({"best": [sharp(0.0)], "near": [sharp(0.04)], "gap": [sharp(0.5)], "fail": [sharp(0.9)]})}
    found = marks("p", ["best", "near", "gap", "fail", "absent"], rows)
    assert found == {"best": ("ok",), "near": ("ok",), "gap": ("gap",), "fail": ("fail",)}


def test_trainings_that_differ_have_two_marks() -> None:
    rows = {"p": part({"best": [sharp(0.0), sharp(0.0)], "other": [sharp(0.0), sharp(0.9)]})}
    assert marks("p", ["best", "other"], rows)["other"] == ("ok", "fail")


def test_where_nobody_learns_nobody_is_ok() -> None:
    assert marks("p", ["a"], {"p": part({"a": [sharp(1.2)]})}) == {"a": ("fail",)}


def test_without_a_model_that_learned_the_task_there_are_no_marks() -> None:
    """The gain of 0.2 over the prompt is above the least that is marked; the error in the end decides."""
    rows = {"p": part({"a": [sharp(0.8, 0.75)], "b": [sharp(1.0, 1.0)]})}
    assert marks("p", ["a", "b"], rows, Bound(error=0.7, first=1)) == {}
    assert marks("p", ["a", "b"], rows, Bound(error=0.75, first=1)) == {"a": ("ok",), "b": ("fail",)}
