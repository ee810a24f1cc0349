"""What is left to ask: nothing twice, and nothing that has too few pairs."""

from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.spec import FewShot
from icl_lab.language.tasks.csv_file import CsvFile
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 1, 4), num_queries=20, labels=("true", "shuffled"))


def model() -> ToyModel:
    return ToyModel([*LETTERS.pairs(), *CAPITALS.pairs()])


def test_a_second_time_nothing_is_asked(tmp_path: Path) -> None:
    first, second = model(), model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    assert first.calls
    again = plan(second, SPEC, tmp_path)
    assert again.cost == 0
    carry_out(again, second, SPEC, tmp_path)
    assert not second.calls


def test_stopped_half_way_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    class Stopping(ToyModel):
        def next_tokens(self, prompts, *, prefix=""):  # type: ignore[no-untyped-def]
            if len(self.calls) == 12:
                raise KeyboardInterrupt
            return super().next_tokens(prompts, prefix=prefix)

    stopping = Stopping([*LETTERS.pairs(), *CAPITALS.pairs()])
    with pytest.raises(KeyboardInterrupt):
        carry_out(plan(stopping, SPEC, tmp_path / "a"), stopping, SPEC, tmp_path / "a")
    went_on, whole = model(), model()
    carry_out(plan(went_on, SPEC, tmp_path / "a"), went_on, SPEC, tmp_path / "a")
    carry_out(plan(whole, SPEC, tmp_path / "b"), whole, SPEC, tmp_path / "b")
    assert 0 < len(went_on.calls) < len(whole.calls)
    files = [sorted((tmp_path / one / "answers").iterdir()) for one in ("a", "b")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_more_demonstrations_ask_only_those(tmp_path: Path) -> None:
    first, second = model(), model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    more = SPEC.replace(shots=(0, 1, 4, 8))
    carry_out(plan(second, more, tmp_path), second, more, tmp_path)
    assert {prefix.count("->") for prefix, _ in second.calls} == {8}


@pytest.mark.parametrize("change", [{"num_queries": 21}, {"per_set": 4}, {"answers": "whole"}])
def test_another_question_is_asked_anew(tmp_path: Path, change: dict[str, object]) -> None:
    first = model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    assert plan(first, SPEC.replace(**change), tmp_path).cost > 0


def test_other_weights_of_one_name_are_asked_anew(tmp_path: Path) -> None:
    first, second = model(), model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    second.fingerprint = "other"
    assert all(not step.held.whole for step in plan(second, SPEC, tmp_path).steps)


def test_a_task_that_a_tokenizer_leaves_nothing_of_is_said_to_be_so(tmp_path: Path) -> None:
    asked = model()
    asked.tokenizer._longest = 1
    spec = FewShot(tasks=(LANGUAGE_TASKS.get("present_past")(),), shots=(0,))
    with pytest.raises(UserError, match="present_past: 0 of its 420 outputs are single tokens of toy"):
        plan(asked, spec, tmp_path)


def test_too_few_pairs_are_said_to_be_so(tmp_path: Path) -> None:
    asked = model()
    with pytest.raises(UserError, match="no task has enough pairs for 500 demonstrations: at most next_letter 20"):
        plan(asked, SPEC.replace(shots=(500,)), tmp_path)
    assert plan(asked, SPEC.replace(shots=(4, 32)), tmp_path).short == {"next_letter": (32,)}
    for text, count in (("input,output\n", 0), ("input,output\na,b\n", 1)):
        (tmp_path / "mine.csv").write_text(text)
        with pytest.raises(UserError, match=f"mine: expected at least two pairs, got {count}"):
            plan(asked, FewShot(tasks=(CsvFile(path=str(tmp_path / "mine.csv")),), shots=(0,)), tmp_path)
