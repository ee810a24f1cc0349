"""Specs as one word."""

import pytest

from icl_lab.baselines.base import BASELINES
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import from_short, short_settings


def test_what_short_writes_is_read_back() -> None:
    for text in ("ridge(strength=2)", "least_squares", "decision_tree(max_depth=none)"):
        assert from_short(BASELINES, text).short() == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ridge(strength=1, strength=2)", "each setting once, got strength twice"),
        ("ridge(2)", "expected KEY=VALUE, got '2'"),
    ],
)
def test_settings_that_say_nothing_or_two_things_are_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        short_settings(text)


def test_open_parentheses_are_refused() -> None:
    with pytest.raises(UserError, match="NAME or NAME"):
        from_short(BASELINES, "ridge(strength=2")
