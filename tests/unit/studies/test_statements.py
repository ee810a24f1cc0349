"""Statements are decided by unanimous trainings, with their intervals, and never where nothing was measured."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.core.errors import UserError
from icl_lab.studies.judging.gaps import difference
from icl_lab.studies.judging.inequalities import AtLeast, AtMost, Below, Near, Reached, Times
from icl_lab.studies.judging.quantities import Estimate, Quantity, measure
from icl_lab.studies.judging.statements import Statement, decided

from .found_rows import part, sharp

A, B = Quantity(part="p", predictor="a", what="error"), Quantity(part="p", predictor="b", what="error")


def outcome(statement: Statement, **curves: list) -> str:
    return statement.judge({"p": part(curves, times=2)}).outcome


def test_a_quantity_is_the_mean_over_its_points_for_each_training() -> None:
    rows = {"p": part({"a": [sharp(8, 4, 2, 1), sharp(0, 0, 4, 2)]}, zero=4.0)}
    whole = measure(A, rows)
    assert [one.value for one in whole] == [3.75, 1.5]
    late = Quantity(part="p", predictor="a", what="relative error", first=2, last=3)
    assert [one.value for one in measure(late, rows)] == [1.5 / 4, 3 / 4]
    accuracy = Quantity(part="p", predictor="a", what="accuracy", first=3)
    assert [one.value for one in measure(accuracy, rows)] == [0.0, -1.0]


def test_accuracy_swaps_the_ends_of_the_interval() -> None:
    rows = {"p": part({"a": [[(0.3, 0.2, 0.5)]]})}
    (one,) = measure(Quantity(part="p", predictor="a", what="accuracy"), rows)
    assert (one.value, one.low, one.high) == (0.7, 0.5, 0.8)


def test_points_of_another_shift_do_not_count() -> None:
    rows = {"p": part({"a": [sharp(1.0)]}, shift="orthants")}
    assert measure(A, rows) == ()
    assert len(measure(Quantity(part="p", predictor="a", what="error", shift="orthants"), rows)) == 1


def test_steps_to_half_are_the_first_that_reach_it_and_infinite_without() -> None:
    rows = {"p": part({"a": [sharp(1)] * 2}, held_out={"a": [[0.9, 0.5, 0.6], [0.9, 0.8, 0.7]]})}
    steps = measure(Quantity(part="p", predictor="a", what="steps to half"), rows)
    assert [one.value for one in steps] == [200.0, math.inf]
    assert [(one.low, one.high) for one in steps] == [(100.0, 200.0), (math.inf, math.inf)]
    at_once = {"p": part({"a": [sharp(1)]}, held_out={"a": [[0.4]]})}
    (first,) = measure(Quantity(part="p", predictor="a", what="steps to half"), at_once)
    assert (first.low, first.high) == (0.0, 100.0)


def test_two_that_never_arrive_have_a_ratio_of_one() -> None:
    rows = {"p": part({"a": [sharp(1)], "b": [sharp(1)]}, held_out={"a": [[0.9]], "b": [[0.8]]}, times=2)}
    steps = [Quantity(part="p", predictor=name, what="steps to half") for name in "ab"]
    found = Times(quantity=steps[0], other=steps[1], factor=1.25).judge(rows)
    assert found.figure.startswith("ratio 1, 1,")
    assert found.outcome == "does not hold"


@pytest.mark.parametrize(
    ("lows", "expected"), [((0.4, 0.3), "holds"), ((0.4, 0.8), "undecided"), ((0.7, 0.8), "does not hold")]
)
def test_half_of_the_error_is_reached_in_all_trainings_or_in_none(lows: tuple[float, float], expected: str) -> None:
    rows = {"p": part({"a": [sharp(1)] * 2}, held_out={"a": [[0.9, low] for low in lows]})}
    assert Reached(quantity=Quantity(part="p", predictor="a", what="steps to half")).judge(rows).outcome == expected


@pytest.mark.parametrize(("looks", "expected"), [(10, "undecided"), (13, "holds"), (8, "does not hold")])
def test_a_ratio_of_steps_is_as_sharp_as_the_looks(looks: int, expected: str) -> None:
    """900 against 1,000 is a ratio from 1 to 1.25; 900 against 1,300 one of 1.33 and more."""
    curves = {"a": [[1.0] * (looks - 1) + [0.1]], "b": [[1.0] * 8 + [0.1]]}
    rows = {"p": part({"a": [sharp(1)], "b": [sharp(1)]}, held_out=curves, times=2)}
    steps = [Quantity(part="p", predictor=name, what="steps to half") for name in "ab"]
    assert Times(quantity=steps[0], other=steps[1], factor=1.25).judge(rows).outcome == expected


def test_every_training_must_be_on_the_same_side_with_its_whole_interval() -> None:
    at_most = AtMost(quantity=A, bound=1.0)
    assert outcome(at_most, a=[sharp(0.5), sharp(1.0)]) == "holds"
    assert outcome(at_most, a=[sharp(1.5), sharp(1.1)]) == "does not hold"
    assert outcome(at_most, a=[sharp(0.5), sharp(1.5)]) == "undecided"
    assert outcome(at_most, a=[[(0.9, 0.7, 1.1)]]) == "undecided"
    assert outcome(AtLeast(quantity=A, bound=1.0), a=[sharp(1.0), sharp(2.0)]) == "holds"
    assert outcome(AtLeast(quantity=A, bound=1.0), a=[[(0.8, 0.7, 0.9)]]) == "does not hold"


def test_without_an_interval_nothing_is_decided() -> None:
    assert outcome(AtMost(quantity=A, bound=1.0), a=[[(0.5, math.nan, math.nan)]]) == "undecided"


def test_what_was_not_measured_is_undecided() -> None:
    finding = AtMost(quantity=A, bound=1.0).judge({})
    assert (finding.outcome, finding.figure) == ("undecided", "not measured")


def test_near_looks_at_the_whole_interval_of_the_difference() -> None:
    near = Near(quantity=A, other=B, within=0.1)
    assert outcome(near, a=[sharp(1.05)], b=[sharp(1.0)]) == "holds"
    assert outcome(near, a=[sharp(0.8)], b=[sharp(1.0)]) == "does not hold"
    # 0.05 apart, but the interval of the difference reaches to 0.15.
    assert outcome(near, a=[[(1.05, 0.95, 1.15)]], b=[sharp(1.0)]) == "undecided"


def test_every_training_of_one_stands_against_every_one_of_the_other() -> None:
    below = Below(quantity=A, other=B)
    assert outcome(below, a=[sharp(1.0), sharp(1.5)], b=[sharp(2.0), sharp(4.0)]) == "holds"
    # Seed by seed it would hold: that both are called 1 does not make 3 and 4 a pair.
    assert outcome(below, a=[sharp(1.0), sharp(3.0)], b=[sharp(2.0), sharp(4.0)]) == "undecided"
    assert outcome(below, a=[sharp(1.0), sharp(3.0)], b=[sharp(2.0), sharp(2.0)]) == "undecided"
    assert outcome(Below(quantity=A, other=B, by=0.5), a=[sharp(1.0)], b=[sharp(1.2)]) == "does not hold"
    assert outcome(Below(quantity=A, other=B, by=-0.5), a=[sharp(1.6)], b=[sharp(1.2)]) == "holds"


def test_one_training_decides_nothing() -> None:
    for statement in (
        AtMost(quantity=A, bound=1.0),
        AtLeast(quantity=A, bound=1.0),
        Below(quantity=A, other=B, by=0.1),
    ):
        for curve in (sharp(0.5), sharp(2.0)):
            rows = {"p": part({"a": [curve], "b": [sharp(1.0)]})}
            finding = statement.judge(rows)
            assert finding.outcome == "undecided"
            assert finding.figure.endswith("a was trained once, which decides nothing")
    # A baseline is no training, and the operations of a prompt depend on none.
    rows = {"p": part({"a": [sharp(0.5)], "b": [sharp(1.0)]}, baselines=("a", "b"))}
    assert Below(quantity=A, other=B).judge(rows).outcome == "holds"


def test_the_late_fall_is_what_the_last_third_of_a_training_takes_off() -> None:
    rows = {"p": part({"a": [sharp(1)] * 3}, held_out={"a": [[1.0, 0.8, 0.7, 0.6, 0.5, 0.4], [0.9] * 6, [1.0]]})}
    falls = measure(Quantity(part="p", predictor="a", what="late fall"), rows)
    # Of six looks the fourth is the last one of the first two thirds; of a single look nothing can be said.
    assert [(one.seed, one.value) for one in falls] == [(0, pytest.approx(1 - 0.4 / 0.6)), (1, 0.0)]


def test_a_model_beside_itself_is_one_training_twice() -> None:
    # Each training rises threefold; across trainings the ratios are 0.3 and 30.
    early, late = (Quantity(part="p", predictor="a", what="error", first=at, last=at) for at in (0, 1))
    rows = {"p": part({"a": [sharp(1, 3), sharp(10, 30)]})}
    for statement in (Times(quantity=late, other=early, factor=2), Below(quantity=early, other=late, by=1.5)):
        finding = statement.judge(rows)
        assert finding.outcome == "holds"
        assert "(2 trainings)" in finding.figure
    # Two parts have trainings of their own.
    elsewhere = Quantity(part="q", predictor="a", what="error", first=0, last=0)
    apart = Times(quantity=late, other=elsewhere, factor=2).judge({**rows, "q": rows["p"]})
    assert apart.outcome == "undecided"
    assert "(4 pairs of trainings)" in apart.figure


def test_trainings_that_disagree_are_counted() -> None:
    figure = AtMost(quantity=A, bound=1.0).judge({"p": part({"a": [sharp(0.5), sharp(0.7), sharp(1.5)]})}).figure
    assert figure == "0.5, 0.7, 1.5 (3 trainings): trainings disagree, 2 for it and 1 against"
    many = [sharp(0.1 * one) for one in range(1, 6)]
    assert AtMost(quantity=A, bound=1.0).judge({"p": part({"a": many})}).figure == (
        "0.1 at the least, 0.5 at the most (5 trainings)"
    )


def test_that_a_model_learns_can_be_shown_and_not_refuted_by_a_short_training() -> None:
    learns = AtMost(quantity=A, bound=0.5, about="learning")
    assert outcome(learns, a=[sharp(0.4)]) == "holds"
    short = learns.judge({"p": part({"a": [sharp(0.9)]})})
    assert short.outcome == "undecided"
    assert short.figure == "0.9, not reached, which so short a training does not refute"
    published = replace(part({"a": [sharp(0.9)]}, times=2), scale="paper")
    assert learns.judge({"p": published}).outcome == "does not hold"


def test_that_a_model_fails_can_be_refuted_and_not_shown_by_a_short_training() -> None:
    fails = AtLeast(quantity=A, bound=0.5, about="failing")
    assert outcome(fails, a=[sharp(0.4)]) == "does not hold"
    short = fails.judge({"p": part({"a": [sharp(0.9)]}, times=2)})
    assert short.outcome == "undecided"
    assert short.figure.endswith("which so short a training does not show to last")
    published = replace(part({"a": [sharp(0.9)]}, times=2), scale="paper")
    assert fails.judge({"p": published}).outcome == "holds"


def test_a_statement_without_its_premise_is_undecided_and_says_why() -> None:
    learned = AtMost(quantity=B, bound=0.5)
    statement = AtMost(quantity=A, bound=1.0, premises=(learned,))
    rows = {"p": part({"a": [sharp(2.0)], "b": [sharp(0.9)]}, times=2)}
    found = statement.judge(rows)
    assert found.outcome == "undecided"
    assert found.figure == f"2, 2 (2 trainings); its premise that {learned.words} is not met: 0.9, 0.9 (2 trainings)"
    assert outcome(statement, a=[sharp(2.0)], b=[sharp(0.1)]) == "does not hold"
    assert statement.quantities == (A, B)


def test_a_baseline_stands_against_every_training() -> None:
    assert outcome(Below(quantity=A, other=B), a=[sharp(1.0), sharp(3.0)], b=[sharp(2.0)]) == "undecided"
    assert len(Below(quantity=A, other=B).margins({"p": part({"a": [sharp(1), sharp(2)], "b": [sharp(3)]})})) == 2


def test_times_compares_with_a_multiple() -> None:
    assert outcome(Times(quantity=A, other=B, factor=10), a=[sharp(20.0)], b=[sharp(1.0)]) == "holds"
    assert outcome(Times(quantity=A, other=B, factor=10), a=[sharp(5.0)], b=[sharp(1.0)]) == "does not hold"


def test_a_ratio_has_the_interval_that_both_numbers_allow() -> None:
    rows = {"p": part({"a": [[(1000.0, 900.0, 1000.0)]], "b": [[(900.0, 800.0, 900.0)]]})}
    found = Times(quantity=A, other=B, factor=1.25).judge(rows)
    assert (found.outcome, found.figure) == ("undecided", "ratio 1.11 (1 to 1.25)")


def test_two_models_that_never_arrive_are_equally_slow() -> None:
    steps = [Quantity(part="p", predictor=name, what="steps to half") for name in "ab"]
    rows = {"p": part({"a": [sharp(1)], "b": [sharp(1)]}, held_out={"a": [[1.0]], "b": [[1.0]]}, times=2)}
    assert Times(quantity=steps[0], other=steps[1], factor=1.0).judge(rows).outcome == "holds"


def test_equal_values_with_wide_intervals_are_not_known_to_be_near() -> None:
    wide = [[(1.0, 0.5, 1.5)]]
    assert outcome(Near(quantity=A, other=B, within=0.1), a=wide, b=wide) == "undecided"


NUMBERS = st.floats(-10, 10)
WIDTHS = st.floats(0, 3)


@given(NUMBERS, NUMBERS, WIDTHS, WIDTHS, WIDTHS, WIDTHS)
def test_a_difference_is_antisymmetric(a: float, b: float, al: float, ah: float, bl: float, bh: float) -> None:
    one, other = Estimate(0, a, a - al, a + ah), Estimate(0, b, b - bl, b + bh)
    there, back = difference(one, other), difference(other, one)
    # 1e-9: sums of numbers of size ten, in another order.
    assert there.value == pytest.approx(-back.value, abs=1e-9)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.low <= there.value <= there.high


@given(st.lists(st.tuples(NUMBERS, WIDTHS, WIDTHS), min_size=1, max_size=4))
def test_what_holds_cannot_fail_with_the_sign_turned(margins: list[tuple[float, float, float]]) -> None:
    estimates = [Estimate(i, m, m - low, m + high) for i, (m, low, high) in enumerate(margins)]
    turned = [Estimate(e.seed, -e.value, -e.high, -e.low) for e in estimates]
    if decided(estimates) == "does not hold":
        assert decided(turned) == "holds"
    if any(e.low < 0 for e in estimates):
        assert decided(estimates) != "holds"


def test_a_region_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UserError, match="first <= last"):
        Quantity(part="p", predictor="a", first=3, last=2)


def test_a_predictor_may_be_named_without_its_settings() -> None:
    rows = {"p": part({"c(size=4)": [sharp(2.0)], "a": [sharp(1.0)]})}
    assert [one.value for one in measure(Quantity(part="p", predictor="c", what="error"), rows)] == [2.0]
    assert measure(Quantity(part="p", predictor="d", what="error"), rows) == ()
