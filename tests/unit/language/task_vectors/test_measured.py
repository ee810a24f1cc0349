"""What is measured of task vectors, and what is kept of it: with toys, and with a tiny network."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from icl_lab.language.asking.plan import Plan, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.models import load
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors import measured
from icl_lab.language.task_vectors.measured import Counted, count_vectors
from icl_lab.language.task_vectors.patching import LayerAccuracy, Question, first_token
from icl_lab.language.task_vectors.questions import vector_questions
from tests.unit.language.models.checkpoints import save
from tests.unit.language.toys import ToyModel

LETTERS, CAPITALS, UPPER = (LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "to_upper"))
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 5))


class Toy(ToyModel, CausalModel):
    """A toy that can be asked as a network is."""

    def encode_prompt(self, text: str) -> list[int]:
        return self.tokenizer.encode(text)


def count(model: CausalModel, todo: Plan, folder: Path, spec: FewShot = SPEC) -> Counted:
    found = count_vectors(model, todo, LETTERS, spec, folder, 10)
    assert found is not None
    return found


def test_everything_is_measured_once_and_the_control_by_another_tasks_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Sequence[Question]] = []

    def patched(_model: object, questions: Sequence[Question], *, kind: str) -> list[LayerAccuracy]:
        seen.append(questions)
        own = questions[0].shown.startswith(questions[0].before)
        right = {0: 0, 1: len(questions) if own else 1}
        return [
            LayerAccuracy(layer=layer, kind="residual", correct=right[layer], asked=len(questions)) for layer in right
        ]

    monkeypatch.setattr(measured, "task_vector_accuracy", patched)
    monkeypatch.setattr(measured, "kinds_of", lambda _model: ("residual",))
    model = Toy([*LETTERS.pairs(), *CAPITALS.pairs()], needed=5)
    todo = plan(model, SPEC, tmp_path)
    found = count(model, todo, tmp_path)
    assert found.unpatched == {0: [(0, 5), (0, 5)], 5: [(5, 5), (5, 5)]}
    assert found.own == {"residual": {0: [(0, 5), (0, 5)], 1: [(5, 5), (5, 5)]}}
    assert (found.other, found.others) == ("country_capital", {"residual": {0: [(0, 5), (0, 5)], 1: [(1, 5), (1, 5)]}})
    assert found.has_halves
    assert [[one.asked for one in sets] for sets in seen[:2]] == [[one.asked for one in sets] for sets in seen[2:]]
    asked = len(model.calls)
    assert (asked, len(seen)) == (2 * 2, 2 * 2)
    assert count(model, todo, tmp_path) == found
    assert (len(model.calls), len(seen)) == (asked, 4)
    # A list with another task beside it: its own vector is known, the control is another one.
    spec = SPEC.replace(tasks=(LETTERS, UPPER))
    todo = plan(model, spec, tmp_path)
    assert count(model, todo, tmp_path, spec).other == "to_upper"
    assert len(seen) == 6
    alone = SPEC.replace(tasks=(LETTERS,))
    assert count(model, plan(model, alone, tmp_path), tmp_path, alone).others == {}
    assert len(seen) == 6


def test_a_task_with_too_few_pairs_is_left_out(tmp_path: Path) -> None:
    model = Toy([*LETTERS.pairs(), *CAPITALS.pairs()])
    todo = plan(model, SPEC, tmp_path)
    short = todo.usable["next_letter"]
    todo.usable["next_letter"] = replace(short, pairs=short.pairs[:6])
    assert count_vectors(model, todo, LETTERS, SPEC, tmp_path, 10) is None


def test_in_the_last_layer_the_control_says_what_the_other_prompt_says(tmp_path: Path) -> None:
    # Says "u" after every prompt of letters, whatever comes before the query: so "u" is right of half the words.
    model = load(str(save(tmp_path / "model", "Llama")))
    assert isinstance(model, CausalModel)
    path = tmp_path / "words.csv"
    path.write_text("input,output\n" + "".join(f"w{chr(97 + i)},{'uz'[i % 2]}\n" for i in range(26)))
    words = LANGUAGE_TASKS.get("csv_file")(path=str(path), one_token=False)
    spec = SPEC.replace(tasks=(LETTERS, words), answers="whole")
    todo = plan(model, spec, tmp_path)
    found = count_vectors(model, todo, words, spec, tmp_path, 10)
    assert found is not None
    assert found.other == "next_letter"
    own, other = (vector_questions(task, todo.usable[task.title], spec, 10) for task in (words, LETTERS))

    def said(shown: str, questions: Sequence[Question]) -> tuple[int, int]:
        (token,) = model.next_tokens([shown])
        return sum(token == first_token(model, one.asked, one.answer) for one in questions), len(questions)

    wanted = [said(theirs[0].shown, questions) for questions, theirs in zip(own, other, strict=True)]
    assert sum(right for right, _ in wanted) in range(1, 10)
    assert found.others["residual"][max(found.others["residual"])] == wanted
    without = [said(questions[0].shown, questions) for questions in own]
    assert found.own["residual"][max(found.own["residual"])] == without
    assert without != wanted
    assert list((tmp_path / "answers").glob("*-residual-of-*.json.gz"))
