"""What is said of a study rests on the rows in its folder, and at smoke scale nothing is said."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from icl_lab.core.records import Record, write_records
from icl_lab.core.scales import Scale
from icl_lab.report.comparison.folder import write_comparison
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtMost
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.parts import REGRESSION
from icl_lab.studies.running.carry_out import judged
from icl_lab.studies.tuning.recipe_words import recipes_of

from .found_rows import part, sharp


@pytest.mark.parametrize(
    ("scale", "expected"), [("small", {"transformer": ("fail",), "mamba": ("ok",)}), ("smoke", {})]
)
def test_marks_are_given_where_the_scale_can_show_something(scale: Scale, expected: dict, tmp_path: Path) -> None:
    found = part({"transformer": [sharp(*[1.0] * 140)], "mamba": [sharp(*[1.0] * 40, *[0.0] * 100)]})
    write_comparison(tmp_path / "sparse_parity", found)
    write_records(tmp_path / "sparse_parity" / "records.jsonl", [Record(**row) for row in found.records.to_dicts()])
    study = judged(STUDIES.get("park2024")(), scale, tmp_path)
    (marked,) = (one for one in study.parts if one.name == "sparse_parity")
    assert marked.marks == expected
    assert marked.published_marks["transformer"] == "fail"


def test_a_variant_is_judged_beside_the_part_that_it_repeats(tmp_path: Path) -> None:
    """Claims whose models the variant does not have are not judged by it."""
    learned, failed = sharp(*[1.0] * 40, *[0.0] * 100), sharp(*[1.0] * 140)
    for name, curve in (("first", learned), ("again", failed)):
        found = part({"mamba": [curve], **({"gru": [curve]} if name == "first" else {})}, times=2)
        write_comparison(tmp_path / name, found)
        write_records(tmp_path / name / "records.jsonl", [Record(**row) for row in found.records.to_dicts()])
    study = judged(Varied(), "small", tmp_path)
    alone, both = study.claims
    assert (alone.outcome, alone.as_published, alone.as_published_in) == ("holds", "does not hold", ("first",))
    assert [one.outcome for one in alone.as_published_deciding] == ["does not hold"]
    assert (both.outcome, both.as_published) == ("holds", None)
    assert [one.searched for one in study.parts[1].recipes] == ["as published"]


@dataclass(frozen=True, kw_only=True)
class Varied(Study):
    """A study whose second part repeats the first one as published, with one model fewer."""

    title = "T"
    question = "Q?"

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        part = replace(STUDIES.get("time_to_icl")().part("linear_5", scale), name="first")
        return (part, replace(part, name="again", variant_of="first"))

    @property
    def claims(self) -> tuple[Claim, ...]:
        low = {label: AtMost(quantity=Quantity(part="first", predictor=label), bound=0.5) for label in ("mamba", "gru")}
        return (
            Claim(id="1", sentence="S.", source="s", statements=(low["mamba"],)),
            Claim(id="2", sentence="S.", source="s", statements=tuple(low.values())),
        )


def test_recipes_are_told_in_words() -> None:
    part = STUDIES.get("grazzi2024")().part("skewed", "small")
    found = recipes_of(replace(part, searched={"mamba": REGRESSION}), "grazzi2024")
    assert [(one.models, one.searched) for one in found] == [
        (("mamba",), "for park2024 linear regression, 4 trials"),
        (("transformer",), "not searched"),
        (("s4",), "not searched"),
    ]
    assert found[0].optimiser == "muon at 0.001"
    assert (found[0].training, found[0].curriculum) == (
        "6,000 of 64 prompts",
        "dims 5 to 20 by step 3,600, length 11 to 41 by step 3,600",
    )
    assert found[0].published.startswith("adam at 0.0001; dims 5 to 20 by step 30,000")
    assert found[2].published.startswith("adam at 0.001;")
    own = recipes_of(replace(part, searched={"transformer": ("grazzi2024", "skewed")}), "grazzi2024")[1]
    assert own.searched == "here, 6 trials"


def test_a_search_that_learned_nothing_is_said_to_be_none() -> None:
    part = STUDIES.get("park2024")().part("vector_mqar", "small")
    said = {model: one.searched for one in recipes_of(part, "park2024") for model in one.models}
    assert said["mamba"] == "here, 4 trials, nothing learned in any"  # the stored error of its best trial is 1.00003
    assert said["mambaformer"] == "here, 4 trials"


def test_what_is_not_as_published_stands_with_the_part(tmp_path: Path) -> None:
    study = STUDIES.get("park2024")()
    notes = {part.name: part.note for part in judged(study, "smoke", tmp_path).parts}
    assert "not public" in notes["vector_mqar"]
    assert "not public" in notes["chain_of_thought"]
    assert notes["linear_regression"] == ""
