"""`icl fewshot`, stopped: what is finished is shown, nothing is lost, and nothing richer is replaced."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.models.places import Place
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.page import write_fewshot_page
from icl_lab.report.fewshot.words import sentences
from tests.end_to_end.commands import Done, Icl
from tests.unit.language.toys import ToyModel

TASKS = ("next_letter", "country_capital")
CALLS = 5, 6
"""Of a task with true labels: one without demonstrations, two sets with 2 and with 4; of the control: the same without
the first, and of next_letter only the most."""


def interrupt() -> None:
    raise KeyboardInterrupt


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


class Toys:
    """Loads models that do something instead of their `stop`-th call, all models together; none at first."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.stop: int | None = None
        self.how: Callable[[], None] = interrupt

    def load(self, name: str, *, device: str = "cpu") -> ToyModel:
        toys = self

        class Stopping(ToyModel):
            def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
                if len(toys.calls) == toys.stop:
                    toys.stop = None
                    toys.how()
                toys.calls.append((prefix, tuple(prompts)))
                return super().next_tokens(prompts, prefix=prefix)

        if name == "toy-that-takes-long":
            toys.how()
        return Stopping([pair for task in TASKS for pair in LANGUAGE_TASKS.get(task)().pairs()], name=name)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Toys:
    found = Toys()
    monkeypatch.setattr("icl_lab.cli.fewshot.asking.load", found.load)
    monkeypatch.setattr("icl_lab.cli.fewshot.asking.find", lambda name: Place("", None, local=True))
    for module in ("asking", "stopping"):
        monkeypatch.setattr(f"icl_lab.cli.fewshot.{module}.write_fewshot_page", words_alone)
    return found


def words_alone(folder: Path) -> Path:
    """A page without figures, which take seconds."""
    (folder / "index.html").write_text(" ".join(sentences(read_fewshot(folder))))
    return folder / "index.html"


def ask(icl: Icl, folder: Path, *more: str, models: str = "toy") -> Done:
    return icl("fewshot", "--model", models, "--tasks", ",".join(TASKS), "--queries", "10",
               "--shots", "0,2,4", "--out", str(folder), *more)  # fmt: skip


def pages(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("index.html", "records.jsonl.gz", "fewshot.json")}


@pytest.mark.parametrize("how", [interrupt, terminate])
def test_what_is_finished_is_shown_and_the_same_command_goes_on(
    icl: Icl, tmp_path: Path, toys: Toys, how: Callable[[], None]
) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    toys.stop, toys.how = CALLS[0] + 2, how
    stopped = ask(icl, tmp_path / "a")
    assert signal.getsignal(signal.SIGTERM) is handler
    assert stopped.status == 130
    assert "next_letter" in stopped.out
    assert "toy is right in 1.00" in stopped.out
    assert f"page: {tmp_path / 'a' / 'index.html'}" in stopped.out
    said = stopped.err.splitlines()[-1]
    left = "of toy country_capital; with shuffled labels next_letter, country_capital;"
    assert said.startswith(f"icl: stopped; not finished: {left}")
    assert said.endswith(f"the same command goes on: icl fewshot --model toy --tasks next_letter,country_capital "
                         f"--queries 10 --shots 0,2,4 --out {tmp_path / 'a'}")  # fmt: skip
    assert "It was stopped; not finished: of toy country_capital" in (tmp_path / "a" / "index.html").read_text()
    if how is interrupt:  # a page with figures as well, once
        assert "It was stopped; not finished: of toy" in write_fewshot_page(tmp_path / "a").read_text()
    asked = len(toys.calls)
    assert asked == CALLS[0] + 2
    rest = ask(icl, tmp_path / "a")
    assert rest.status == 0
    assert len(toys.calls) == 2 * CALLS[0] + CALLS[1]
    whole = ask(icl, tmp_path / "b")
    assert toys.calls[: len(toys.calls) // 2] == toys.calls[len(toys.calls) // 2 :]
    assert rest.out.replace(str(tmp_path / "a"), "") == whole.out.replace(str(tmp_path / "b"), "")
    assert pages(tmp_path / "a") == pages(tmp_path / "b")


def test_before_anything_is_finished_there_is_no_page_and_no_answer_is_lost(
    icl: Icl, tmp_path: Path, toys: Toys
) -> None:
    toys.stop = 3
    stopped = ask(icl, tmp_path / "a")
    assert (stopped.status, stopped.out) == (130, "")
    assert "not finished: of toy next_letter, country_capital" in stopped.err
    assert {path.name for path in (tmp_path / "a").iterdir()} == {".lock", "answers"}
    # Records whose page was not written any more, by a kill: it goes on all the same.
    (tmp_path / "a" / "records.jsonl.gz").write_bytes(b"")
    assert ask(icl, tmp_path / "a").status == 0
    assert len(toys.calls) == 2 * CALLS[0] + CALLS[1]


def test_stopped_while_the_first_model_is_loaded_it_leaves_no_folder(icl: Icl, tmp_path: Path) -> None:
    stopped = ask(icl, tmp_path / "a" / "b", models="toy-that-takes-long")
    assert (stopped.status, stopped.out) == (130, "")
    assert "not finished: all of toy-that-takes-long" in stopped.err
    assert not (tmp_path / "a").exists()


def test_of_two_models_the_first_is_shown(icl: Icl, tmp_path: Path, toys: Toys) -> None:
    toys.stop = 2 * CALLS[0] + CALLS[1] + 1
    stopped = ask(icl, tmp_path, "--json", models="toy,toy2")
    assert stopped.status == 130
    values = json.loads(stopped.out)
    assert list(values["models"]) == ["toy"]
    assert values["page"] == str(tmp_path / "index.html")
    assert [one.split(" ")[1] for one in values["unfinished"]] == ["toy2"]
    alone = json.loads(ask(icl, tmp_path / "alone", "--json").out)
    assert alone["models"]["toy"] == values["models"]["toy"]
    assert "unfinished" not in alone


def test_an_evaluation_that_holds_more_is_not_replaced(icl: Icl, tmp_path: Path, toys: Toys) -> None:
    ask(icl, tmp_path)
    before, toys.stop = pages(tmp_path), len(toys.calls) + 2 * CALLS[0]
    poorer = ask(icl, tmp_path, "--seeds", "2", "--per-set", "10")
    assert poorer.status == 130
    assert pages(tmp_path) == before
    assert "holds more and is left as it is" in poorer.err
    assert "page:" not in poorer.out
    # One that holds every number of it does replace it: here one more task is not finished.
    toys.stop = len(toys.calls) + 1
    more = ask(icl, tmp_path, "--tasks", ",".join((*TASKS, "religion")))
    assert more.status == 130
    assert pages(tmp_path) != before
    assert json.loads((tmp_path / "fewshot.json").read_text())["unfinished"]
    assert "page:" in more.out


def test_numbers_of_demonstrations_that_lists_do_not_allow_are_left_out_aloud(icl: Icl, tmp_path: Path) -> None:
    done = ask(icl, tmp_path, "--shots", "2,64,300")
    assert done.status == 0
    first = done.err.splitlines()[0]
    assert first.endswith(
        "left out: next_letter (64, 300: it can show 20), country_capital (300: it can show 171)"
    )  # before a model is loaded
    assert json.loads((tmp_path / "fewshot.json").read_text())["spec"]["shots"] == [2, 64]
