"""Answers on disk: a file for each model, task, kind of labels and seed.

A file is named by everything that its answers depend on. A command that was stopped, or that asks for more numbers of
demonstrations, goes on from what is there. Numbers of demonstrations of which only some sets of queries are answered
stand apart in a file, so that whoever sums up answers sees whole ones only.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import write_atomic
from icl_lab.core.specs import digest
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.base import LanguageTask
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.prompts.filter import Usable
from icl_lab.language.spec import FewShot

FOLDER = "answers"
BEGUN = "begun"  # beside "answers" in a file, so that nobody takes it for them

Answers = dict[int, list[Answer]]


@dataclass(frozen=True)
class Held:
    """What a file of answers holds, by numbers of demonstrations.

    Args:
        whole: Every query is answered.
        begun: The first sets of queries are answered.
    """

    whole: Answers = field(default_factory=dict)
    begun: Answers = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """What one file of answers is about.

    Args:
        model: Name of the model.
        task: The task.
        usable: Its pairs for this model.
        labels: What demonstrations show.
        seed: Of the draws.
        weights: Fingerprint of the model's files; a name alone may come to mean others.
    """

    model: str
    task: LanguageTask
    usable: Usable
    labels: Labels
    seed: int
    weights: str = ""

    def digest(self, spec: FewShot) -> str:
        """Twelve digits that depend on everything that an answer depends on, and not on where a list was read."""
        return digest(
            {
                "model": self.model,
                "weights": self.weights,
                "task": self.task.title,
                "judged": self.task.judged,
                "listed": [[pair.input, *pair.outputs] for pair in self.task.pairs()],
                "asked": [pair.input for pair in self.usable.pairs],
                "spaced": self.usable.spaced,
                "labels": self.labels,
                "seed": self.seed,
                "queries": [spec.num_queries, spec.per_set],
                "template": spec.template.to_json(),
                "answers": spec.answers,
            }
        )

    def path(self, folder: Path, spec: FewShot) -> Path:
        """Its file."""
        return folder / FOLDER / f"{self.digest(spec)}.json.gz"


def read_unit(path: Path) -> Answers:
    """The whole answers in a file, by numbers of demonstrations; nothing where there is no file.

    Raises:
        DamagedFile: The file cannot be read.
    """
    return read_held(path).whole


def read_held(path: Path) -> Held:
    """The answers in a file, whole and begun; nothing where there is no file.

    Raises:
        DamagedFile: The file cannot be read.
    """
    if not path.exists():
        return Held()
    try:
        data = json.loads(gzip.decompress(path.read_bytes()))
        return Held(_answers(data["answers"]), _answers(data.get(BEGUN, {})))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise DamagedFile(path, f"no answers ({trouble})", "remove it to ask again") from None


def write_unit(path: Path, unit: Unit, held: Held) -> None:
    """Replace a file of answers, all at once."""
    data: dict[str, Any] = {
        "model": unit.model, "weights": unit.weights, "task": unit.task.title, "labels": unit.labels, "seed": unit.seed,
        "answers": _rows(held.whole), **({BEGUN: _rows(held.begun)} if held.begun else {}),
    }  # fmt: skip
    write_atomic(path, gzip.compress(json.dumps(data, ensure_ascii=False).encode(), mtime=0))


def _rows(answers: Mapping[int, list[Answer]]) -> dict[str, list[tuple[Any, ...]]]:
    return {str(shots): [astuple(answer) for answer in rows] for shots, rows in sorted(answers.items())}


def _answers(rows: dict[str, list[Any]]) -> Answers:
    return {int(shots): [_answer(row) for row in of_one] for shots, of_one in _filled(rows).items()}


def _filled(answers: dict[str, list[Any]]) -> dict[str, list[Any]]:
    if any(not isinstance(rows, list) or not rows for rows in answers.values()):
        raise ValueError("a number of demonstrations without answers")
    return answers


def _answer(row: list[Any]) -> Answer:
    answer = Answer(*row)
    texts = answer.query, answer.wanted, answer.said
    if type(answer.set) is not int or type(answer.right) is not bool or not all(isinstance(one, str) for one in texts):
        raise ValueError(f"expected set, query, wanted, said, right, got {row!r}")
    return answer
