"""Keeps answers while they come in: on disk every few seconds, and at the end, however it ends."""

import time
from collections.abc import Sequence
from pathlib import Path

from icl_lab.language.asking.answers import Answers, Held, Unit, write_unit
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.spec import FewShot

SECONDS = 2.0  # of work that a kill may cost; a write takes some milliseconds


class Keeper:
    """The answers of one file, complete or not; leaving the context writes them, also at an error or Ctrl-C.

    Args:
        unit: What the file is about.
        spec: How it is asked.
        folder: Where answers are kept.
        held: What the file holds already.
        seconds: Between two writes; 0 writes after every call.
    """

    def __init__(self, unit: Unit, spec: FewShot, folder: Path, held: Held, seconds: float = SECONDS) -> None:
        self._unit, self._path, self._wanted = unit, unit.path(folder, spec), spec.num_queries
        self._answers: Answers = {count: [*rows] for count, rows in (held.whole | held.begun).items()}
        self._seconds, self._written = seconds, time.monotonic()
        self._new = False

    def __enter__(self) -> "Keeper":
        return self

    def __exit__(self, *_: object) -> None:
        if self._new:
            self._write()

    def add(self, count: int, answers: Sequence[Answer]) -> None:
        """Keep the answers of one call, those of the next sets after this number of demonstrations."""
        self._answers[count] = [*self._answers.get(count, ()), *answers]
        self._new = True
        if time.monotonic() - self._written >= self._seconds:
            self._write()

    def _write(self) -> None:
        whole = {count: rows for count, rows in self._answers.items() if len(rows) == self._wanted}
        begun = {count: rows for count, rows in self._answers.items() if count not in whole}
        write_unit(self._path, self._unit, Held(whole, begun))
        self._new, self._written = False, time.monotonic()
