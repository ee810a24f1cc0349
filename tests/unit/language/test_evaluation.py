"""Answers on disk and what becomes of them: resumed, extended, averaged, with intervals."""

import gzip
import json
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.evaluation import carry_out, plan
from icl_lab.language.folder import write_results
from icl_lab.language.import_hendel import import_hendel
from icl_lab.language.pairs import read_pairs, write_pairs
from icl_lab.language.spec import FewShot
from icl_lab.language.summary import common_tasks, records_of
from icl_lab.language.tasks.csv_file import CsvFile
from icl_lab.language.units import read_unit
from icl_lab.language.vectors import read_counts
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
    assert all(not step.known for step in plan(second, SPEC, tmp_path).steps)


def test_damaged_answers_are_said_to_be_so(tmp_path: Path) -> None:
    first = model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    path = next((tmp_path / "answers").iterdir())
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DamagedFile, match=path.name):
        plan(model(), SPEC, tmp_path)


@pytest.mark.parametrize(
    "answers", ["[]", '{"0": []}', '{"0": [[1, "a"]]}', '{"0": [[0, "a", "b", "c", "d"]]}', '{"x": [1]}', '{"0": 1}']
)
def test_answers_of_a_wrong_shape_are_said_to_be_so(tmp_path: Path, answers: str) -> None:
    path = tmp_path / "one.json.gz"
    path.write_bytes(gzip.compress(f'{{"answers": {answers}}}'.encode()))
    with pytest.raises(DamagedFile, match="no answers"):
        read_unit(path)
    path.write_bytes(gzip.compress(b"[]" * 100)[:10] + b"\xff" * 30)
    with pytest.raises(DamagedFile, match="no answers"):
        read_unit(path)


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"0": []}', b'{"0": [[3, 2]]}', b'{"0": [[0, 0]]}', b'{"0": 1}'])
def test_task_vectors_of_a_wrong_shape_are_said_to_be_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "one.json.gz"
    for content in (gzip.compress(data), gzip.compress(data * 9)[:10] + b"\xff" * 30):
        path.write_bytes(content)
        with pytest.raises(DamagedFile, match="no task vectors"):
            read_counts(path)


def test_records_hold_the_accuracies_of_what_was_said(tmp_path: Path) -> None:
    asked = model()
    todo = plan(asked, SPEC, tmp_path)
    carry_out(todo, asked, SPEC, tmp_path)
    found = {(r.metric, r.task, r.shown, r.shift): r for r in records_of(todo, SPEC, tmp_path)}
    assert found["accuracy_mean", "next_letter", 4, ""].value == 1.0
    assert found["accuracy_mean", "next_letter", 0, ""].value == 0.0
    # With wrong labels it repeats the last one, which is no query's.
    assert found["accuracy_mean", "next_letter", 4, "shuffled"].value == 0.0
    assert found["all_accuracy_mean", "all tasks", 4, ""].num_prompts == 2
    assert found["category_accuracy_mean", "knowledge", 4, ""].value == 1.0
    assert found["most_common_output", "next_letter", None, ""].value == 1 / 25
    assert ("accuracy_mean", "next_letter", 0, "shuffled") not in found


def test_a_task_with_too_few_pairs_leaves_the_common_ones(tmp_path: Path) -> None:
    spec = SPEC.replace(shots=(4, 32), labels=("true",))
    asked = model()
    todo = plan(asked, spec, tmp_path)
    carry_out(todo, asked, spec, tmp_path)
    assert common_tasks(spec, {"toy": todo}) == ("country_capital",)
    found = {(r.metric, r.shown): r for r in records_of(todo, spec, tmp_path)}
    assert found["all_accuracy_mean", 4].num_prompts == 2
    assert found["all_accuracy_mean", 32].num_prompts == 1
    assert found["common_accuracy_mean", 4].num_prompts == 1


def test_a_task_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    write_pairs(path, [Pair("a, b", ('say "x"',)), Pair("c", ("d", "e"))])
    assert read_pairs(path) == (Pair("a, b", ('say "x"',)), Pair("c", ("d", "e")))
    task = CsvFile(path=str(path))
    assert task.title == "mine"
    assert task.pairs() == read_pairs(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\nx,y\n", "first line to be input,output"),
        ("input,output\nx\n", "line 2"),
        ("input,output\nx,y\nx,z\n", "occurs twice"),
        ("input,output\nx,|\n", "line 2"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DamagedFile, match=said):
        read_pairs(path)
    with pytest.raises(UserError, match="no file"):
        read_pairs(tmp_path / "none.csv")


def test_the_lists_of_hendel_are_read_where_they_are(tmp_path: Path) -> None:
    source = tmp_path / "icl_task_vectors"
    (source / "data" / "translation").mkdir(parents=True)
    (source / "data" / "translation" / "fr_en.json").write_text(json.dumps({"eau": "water", "feu": "fire"}))
    assert import_hendel(source, tmp_path / "pairs") == {"french_english": 2}
    task = LANGUAGE_TASKS.get("french_english")(folder=str(tmp_path / "pairs"))
    assert task.pairs() == (Pair("eau", ("water",)), Pair("feu", ("fire",)))
    with pytest.raises(UserError, match="expected files such as"):
        import_hendel(tmp_path / "nothing", tmp_path / "pairs")
    (source / "data" / "translation" / "fr_en.json").write_text("[1]")
    with pytest.raises(DamagedFile):
        import_hendel(source, tmp_path / "pairs")


def test_a_task_that_a_tokenizer_leaves_nothing_of_is_said_to_be_so(tmp_path: Path) -> None:
    asked = model()
    asked.tokenizer._longest = 1
    spec = FewShot(tasks=(LANGUAGE_TASKS.get("present_past")(),), shots=(0,))
    with pytest.raises(UserError, match="present_past: 0 of its 420 outputs are single tokens of toy"):
        plan(asked, spec, tmp_path)


def test_too_few_pairs_are_said_to_be_so(tmp_path: Path) -> None:
    asked = model()
    with pytest.raises(UserError, match="no task has enough pairs for 500 demonstrations: next_letter 25"):
        plan(asked, SPEC.replace(shots=(500,)), tmp_path)
    assert plan(asked, SPEC.replace(shots=(4, 32)), tmp_path).short == {"next_letter": (32,)}
    for text, count in (("input,output\n", 0), ("input,output\na,b\n", 1)):
        (tmp_path / "mine.csv").write_text(text)
        with pytest.raises(UserError, match=f"mine: expected at least two pairs, got {count}"):
            plan(asked, FewShot(tasks=(CsvFile(path=str(tmp_path / "mine.csv")),), shots=(0,)), tmp_path)


def test_the_folder_can_be_drawn(tmp_path: Path) -> None:
    asked = model()
    todo = plan(asked, SPEC, tmp_path)
    carry_out(todo, asked, SPEC, tmp_path)
    write_results(tmp_path, SPEC, {"toy": todo}, {"toy": {"parameters": 3, "licence": "none"}})
    data = json.loads((tmp_path / "fewshot.json").read_text())
    assert data["tasks"][0]["prompt"].endswith("->")
    assert data["common"] == ["next_letter", "country_capital"]
