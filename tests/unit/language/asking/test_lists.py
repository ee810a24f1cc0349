"""What lists alone allow: refused before a model is looked for, and never more than a tokenizer would leave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.core.errors import UserError
from icl_lab.language.asking.lists import check_lists, most_shown, numbers_with_a_list
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.prompts.draws import most_demonstrations
from icl_lab.language.spec import FewShot

SPEC = FewShot(tasks=tuple(LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital")), shots=(4,))


def test_too_many_demonstrations_for_every_list_are_refused_with_the_most_of_each() -> None:
    assert most_shown(SPEC) == {"next_letter": 20, "country_capital": 171}
    check_lists(SPEC.replace(shots=(171, 300)))
    with pytest.raises(UserError, match="172 demonstrations: at most next_letter 20, country_capital 171; ask with f"):
        check_lists(SPEC.replace(shots=(172, 300)))


def test_numbers_that_one_list_allows_are_kept() -> None:
    assert numbers_with_a_list(SPEC.replace(shots=(0, 20, 64, 171, 172))) == (0, 20, 64, 171)


@given(listed=st.integers(1, 1000), left=st.integers(1, 1000), per_set=st.integers(1, 50))
def test_fewer_pairs_never_show_more(listed: int, left: int, per_set: int) -> None:
    assert most_demonstrations(min(listed, left), per_set) <= most_demonstrations(listed, per_set)
