from dataclasses import dataclass, replace

import pytest

from icl_lab.cli.tune import searched
from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.judging.claims import Claim


@dataclass(frozen=True, kw_only=True)
class Repeating(Study):
    """A study whose second part repeats the first one as published."""

    title = "T"
    question = "Q?"

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        part = replace(STUDIES.get("time_to_icl")().part("linear_5", scale), recipe_of=None)
        return (part, replace(part, name="again", variant_of="linear_5"))

    @property
    def claims(self) -> tuple[Claim, ...]:
        return ()


def test_all_models_of_all_parts_but_repetitions_are_searched() -> None:
    found = searched(Repeating(), "small", (), ())
    part = Repeating().part("linear_5", "small")
    assert found == [(part, entry) for entry in part.comparison.entries]


def test_a_repetition_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="search for linear_5 instead"):
        searched(Repeating(), "small", ("again",), ())


def test_models_are_found_by_name() -> None:
    ((_, entry),) = searched(Repeating(), "small", ("linear_5",), ("mamba",))
    assert entry.model.word == "mamba"


def test_parts_that_use_another_search_are_searched_by_name_only() -> None:
    found = searched(STUDIES.get("park2024")(), "small", (), ("mamba",))
    assert [part.name for part, _ in found] == ["sparse_parity", "vector_mqar", "linear_regression"]
    ((part, _),) = searched(STUDIES.get("park2024")(), "small", ("decision_tree",), ("mamba",))
    assert part.name == "decision_tree"


def test_a_study_without_a_search_of_its_own_says_so() -> None:
    with pytest.raises(UserError, match="all parts use the search of park2024 linear_regression: name with --parts"):
        searched(STUDIES.get("time_to_icl")(), "small", (), ())


def test_models_that_share_a_preset_share_its_search() -> None:
    found = searched(STUDIES.get("park2024")(), "small", ("vector_mqar",), ("transformer",))
    assert [part.comparison.label(entry.model) for part, entry in found] == ["transformer"]
