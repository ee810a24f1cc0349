"""Which questions task vectors are asked, and what becomes of the answers."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from icl_lab.language.asking.plan import plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import (
    category_records,
    measure_unpatched,
    measure_vectors,
    vector_questions,
)
from icl_lab.language.task_vectors.patching import LayerAccuracy, Question
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 5))


def test_a_question_shows_five_demonstrations_and_a_dummy_and_asks_without_any() -> None:
    model = ToyModel(LETTERS.pairs())
    usable = plan(model, SPEC, Path("nowhere")).usable["next_letter"]
    sets = vector_questions(LETTERS, usable, SPEC, 12)
    assert [len(one) for one in sets] == [5, 5, 2]
    known = {pair.input: pair.output for pair in LETTERS.pairs()}
    for questions in sets:
        (shown,) = {question.shown for question in questions}
        lines = shown.split("\n")
        assert len(lines) == 6
        assert all(line.endswith("->") == (line is lines[-1]) for line in lines)
        for question in questions:
            assert question.asked not in lines
            given = question.asked.removeprefix("example:").removesuffix("->")
            assert question.answer == known[given]
            assert not any(line.startswith(question.asked) for line in lines)


def test_layers_are_averaged_and_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def measured(_model: object, questions: Sequence[Question], *, kind: str) -> list[LayerAccuracy]:
        calls.append(kind)
        right = {0: 0, 1: len(questions)}
        return [
            LayerAccuracy(layer=layer, kind="residual", correct=right[layer], asked=len(questions)) for layer in (0, 1)
        ]

    monkeypatch.setattr("icl_lab.language.task_vectors.measured.task_vector_accuracy", measured)
    model = ToyModel([*LETTERS.pairs(), *CAPITALS.pairs()])
    todo = plan(model, SPEC, tmp_path)
    causal = CausalModel.__new__(CausalModel)  # not asked itself
    records = measure_vectors(causal, todo, LETTERS, SPEC, tmp_path, 10, "residual")
    assert [(one.step, one.value, one.num_prompts) for one in records] == [(0, 0.0, 10), (1, 1.0, 10)]
    assert all(one.low is not None and one.low < one.high for one in records)  # two sets say a little of others
    assert measure_vectors(causal, todo, LETTERS, SPEC, tmp_path, 10, "residual") == records
    assert len(calls) == 2
    (first, second) = category_records(records, SPEC)
    assert (first.metric, first.task, second.value) == ("category_task_vector_residual_mean", "algorithmic", 1.0)


def test_the_same_questions_are_asked_unpatched_without_demonstrations_and_after_them(tmp_path: Path) -> None:
    class Toy(ToyModel, CausalModel):
        def encode_prompt(self, text: str) -> list[int]:
            return self.tokenizer.encode(text)

    model = Toy(LETTERS.pairs(), needed=5)
    todo = plan(model, SPEC, tmp_path)
    records = measure_unpatched(model, todo, LETTERS, SPEC, tmp_path, 10)
    assert [(one.metric, one.shown, one.step, one.value, one.num_prompts) for one in records] == [
        ("task_vector_unpatched_mean", 0, None, 0.0, 10),
        ("task_vector_unpatched_mean", 5, None, 1.0, 10),
    ]
    asked = len(model.calls)
    assert asked == 2 * 2
    assert measure_unpatched(model, todo, LETTERS, SPEC, tmp_path, 10) == records
    assert len(model.calls) == asked
    (none, five) = category_records(records, SPEC)
    assert (none.shown, none.value, five.shown, five.value) == (0, 0.0, 5, 1.0)
