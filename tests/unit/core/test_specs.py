"""Specs validate themselves, round-trip through JSON and hash by value."""

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from icl_lab.core.annotations import describe_type
from icl_lab.core.bounds import Count, Fraction, Number, Positive
from icl_lab.core.errors import UnknownName, UserError
from icl_lab.core.specs import Spec, digest
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.linear_regression import LinearRegression


@dataclass(frozen=True, kw_only=True)
class Inner(Spec):
    rate: Positive = 0.5


@dataclass(frozen=True, kw_only=True)
class Toy(Spec):
    size: Count
    share: Fraction = 0.25
    offset: Number = 0.0
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    widths: tuple[Count, ...] = (1, 2)
    inner: Inner = Inner()
    limit: Count | None = None


def test_a_spec_survives_json_and_keeps_its_digest() -> None:
    toy = Toy(size=3, widths=(4,), inner=Inner(rate=2), limit=7, kind="b")
    again = Toy.from_json(json.loads(json.dumps(toy.to_json())))
    assert again == toy
    assert again.digest() == toy.digest()


def test_an_integer_where_a_number_is_wanted_is_the_same_spec() -> None:
    assert Inner(rate=2).digest() == Inner(rate=2.0).digest()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"size": 0}, "Toy.size: expected an integer of at least 1, got 0"),
        ({"size": True}, "Toy.size: expected an integer of at least 1, got True"),
        ({"size": 1.5}, "Toy.size: expected an integer of at least 1, got 1.5"),
        ({"size": 1, "share": 1.5}, "Toy.share: expected a number in [0, 1], got 1.5"),
        ({"size": 1, "share": float("nan")}, "Toy.share: expected a number in [0, 1], got nan"),
        ({"size": 1, "offset": float("inf")}, "Toy.offset: expected a number that is finite, got inf"),
        ({"size": 1, "kind": "c"}, "Toy.kind: expected one of a, b, got 'c'"),
        ({"size": 1, "widths": (2, 0)}, "Toy.widths[1]: expected an integer of at least 1, got 0"),
        ({"size": 1, "inner": 3}, "Toy.inner: expected a Inner, got 3"),
        ({"size": 1, "limit": 0}, "Toy.limit: expected an integer of at least 1, or none, got 0"),
    ],
)
def test_an_impossible_value_names_field_range_and_value(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(UserError) as caught:
        Toy(**changes)
    assert str(caught.value) == expected


def test_an_unknown_field_is_refused_everywhere() -> None:
    with pytest.raises(TypeError, match="sise"):
        Toy(size=1, sise=2)  # type: ignore[call-arg]
    with pytest.raises(UserError, match="has no field 'sise': did you mean size"):
        Toy.from_json({"size": 1, "sise": 2})
    with pytest.raises(UserError, match="has no field 'sise': did you mean size"):
        Toy(size=1).replace(sise=2)
    with pytest.raises(UserError, match="has no field 'sise': did you mean size"):
        Toy(size=1).override({"sise": "2"})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UserError, match="Toy needs the field 'size'"):
        Toy.from_json({"flag": True})


def test_a_registered_name_that_is_not_known_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean linear_regression"):
        LinearRegression.from_json({"task": "linear_regresion"})


def test_overrides_reach_into_nested_specs() -> None:
    toy = Toy(size=1).override({"size": "5", "inner.rate": "0.1", "limit": "none", "widths": "[3, 4]", "kind": "b"})
    assert toy == Toy(size=5, inner=Inner(rate=0.1), widths=(3, 4), kind="b")
    task = LinearRegression().override({"inputs": "skewed", "dim": "5"})
    assert task.inputs.spec_name() == "skewed"
    assert task.inputs != Isotropic()


def test_an_override_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(UserError, match="Toy.size: expected an integer of at least 1, got 'five'"):
        Toy(size=1).override({"size": "five"})


def test_the_digest_is_the_same_in_another_process() -> None:
    code = "from icl_lab.tasks.linear_regression import LinearRegression; print(LinearRegression(dim=5).digest())"
    others = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert others == {LinearRegression(dim=5).digest()}


def test_every_field_changes_the_digest() -> None:
    toy = Toy(size=1)
    changed = [
        toy.replace(size=2), toy.replace(share=0.5), toy.replace(offset=1.0), toy.replace(kind="b"),
        toy.replace(flag=True), toy.replace(widths=(1,)), toy.replace(inner=Inner(rate=1.0)), toy.replace(limit=1),
    ]  # fmt: skip
    assert len(changed) == len(dataclasses.fields(Toy))
    assert len({spec.digest() for spec in [toy, *changed]}) == len(changed) + 1


def test_short_names_only_what_differs_from_the_default() -> None:
    assert Toy(size=1, share=0.5, inner=Inner(rate=1.0)).short() == "Toy(size=1, share=0.5, inner=Inner(rate=1))"
    assert LinearRegression().short() == "linear_regression"


def test_digests_refuse_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest({"x": float("nan")})


def test_types_are_described_in_words() -> None:
    assert describe_type(tuple[Count, ...]) == "a list, each an integer of at least 1"
    assert describe_type(Positive) == "a number above 0"


@pytest.mark.parametrize("data", [[], "toy", 3, None])
def test_json_that_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(UserError, match="Toy: expected a JSON object"):
        Toy.from_json(data)


@dataclass(frozen=True, kw_only=True)
class Choosing(Spec):
    word: Literal["some", "none"] | None = None
    number: Count | None = 3


def test_none_is_a_word_where_it_is_among_the_choices() -> None:
    chosen = Choosing().override({"word": "none", "number": "none"})
    assert chosen == Choosing(word="none", number=None)
    assert chosen.short() == "Choosing(word=none, number=none)"
