"""`icl fewshot` from the command line, with a model that needs no weights."""

import json
from pathlib import Path

import pytest

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.models import find
from icl_lab.language.models.places import Place
from tests.end_to_end.commands import Icl
from tests.unit.language.models.checkpoints import save
from tests.unit.language.toys import ToyModel


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> list[ToyModel]:
    """Loads a toy whatever model is asked for."""
    loaded: list[ToyModel] = []

    def load(name: str, *, device: str = "cpu") -> ToyModel:
        pairs = [pair for task in ("next_letter", "country_capital") for pair in LANGUAGE_TASKS.get(task)().pairs()]
        loaded.append(ToyModel(pairs, name=name))
        return loaded[-1]

    monkeypatch.setattr("icl_lab.cli.fewshot.asking.load", load)
    here = Place("", None, local=True)
    monkeypatch.setattr("icl_lab.cli.fewshot.asking.find", lambda name: here if name.startswith("toy") else find(name))
    return loaded


def ask(icl: Icl, folder: Path, *more: str):  # type: ignore[no-untyped-def]
    return icl("fewshot", "--model", "toy", "--tasks", "next_letter,country_capital", "--queries", "10",
               "--shots", "0,2,4", "--out", str(folder), *more)  # fmt: skip


def test_a_table_a_conclusion_and_a_page(icl: Icl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    done = ask(icl, tmp_path)
    assert done.status == 0
    assert max(map(len, done.out.replace(str(tmp_path), "").splitlines())) <= 90
    assert "toy is right in 1.00" in done.out
    assert (tmp_path / "index.html").is_file()
    assert "loading toy" in done.err


def test_again_it_asks_nothing_and_says_the_same(icl: Icl, tmp_path: Path, toy: list[ToyModel]) -> None:
    first, page = ask(icl, tmp_path), (tmp_path / "index.html").read_bytes()
    second = ask(icl, tmp_path)
    assert first.out == second.out
    assert toy[0].calls
    assert not toy[1].calls
    assert (tmp_path / "index.html").read_bytes() == page
    (tmp_path / "index.html").unlink()
    assert icl("report", str(tmp_path)).status == 0
    assert (tmp_path / "index.html").read_bytes() == page


def test_json_is_one_value(icl: Icl, tmp_path: Path) -> None:
    rows = json.loads(ask(icl, tmp_path, "--json").out)["models"]["toy"]
    assert {row["labels"] for row in rows} == {"true", "shuffled"}
    # By default the knowledge tasks are asked under a control throughout, others with the most demonstrations.
    shown = [(row["name"], row["shots"]) for row in rows if row["labels"] == "shuffled"]
    assert {("country_capital", 2), ("country_capital", 4), ("next_letter", 4)} < set(shown)
    assert ("next_letter", 2) not in shown
    both = json.loads(ask(icl, tmp_path, "--controls", "random", "--json").out)["models"]["toy"]
    assert {"next_letter", "all tasks"} <= {row["name"] for row in both if row["labels"] == "random"}


def test_a_file_of_ones_own(icl: Icl, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("input,output\n" + "".join(f"w{i},x\n" for i in range(10)))
    done = icl(
        "fewshot",
        "--model",
        "toy",
        "--tasks",
        str(path),
        "--shots",
        "1",
        "--queries",
        "4",
        "--out",
        str(tmp_path / "o"),
    )
    assert done.status == 0
    assert "mine" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tasks", "country_capitol"), "did you mean country_capital?"),
        (("--shots", "0,x"), "numbers of demonstrations with commas"),
        (("--shots", "\u00b2"), "numbers of demonstrations with commas"),
        (("--controls", "suffled"), "did you mean shuffled?"),
        (("--template", "questio"), "did you mean question?"),
        (("--answers", "all"), "expected token or whole"),
        (("--tasks", "nothing.csv"), "no file nothing.csv"),
        (("--pairs", "/nowhere"), "no folder /nowhere"),
        (("--tasks", "csv_file"), "expected the setting path"),
        # What the lists cannot show is refused before a model is looked for.
        (
            ("--tasks", "next_letter,antonyms", "--shots", "300", "--model", "no such model"),
            "no task has enough pairs for 300 demonstrations: at most next_letter 20, antonyms 203; ask with fewer",
        ),
        (("--model", ""), "at least one model"),
        (("import-hendel", "/nowhere"), "no list of Hendel"),
        (("country_capital",), "tasks go after --tasks"),
    ],
)
def test_a_wrong_value_is_one_line(icl: Icl, toy: list[ToyModel], arguments: tuple[str, ...], said: str) -> None:
    done = icl("fewshot", *arguments)
    assert done.status == 2
    assert len(done.err.splitlines()) == 1
    assert said in done.err
    assert not toy


def test_the_lists_of_hendel_are_asked_instead_of_ours(icl: Icl, tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    capitals = {pair.input: pair.output for pair in LANGUAGE_TASKS.get("country_capital")().pairs()[:20]}
    (tmp_path / "knowledge" / "country_capital.json").write_text(json.dumps(capitals))
    done = icl("fewshot", "import-hendel", str(tmp_path), "--out", str(tmp_path / "pairs"))
    assert done.status == 0
    assert ask(icl, tmp_path / "out", "--pairs", str(tmp_path / "pairs")).status == 0
    tasks = json.loads((tmp_path / "out" / "fewshot.json").read_text())["tasks"]
    assert [task["listed"] for task in tasks] == [25, 20]


def test_a_folder_of_something_else_is_left_alone(icl: Icl, tmp_path: Path, toy: list[ToyModel]) -> None:
    (tmp_path / "index.html").write_text("mine")
    done = ask(icl, tmp_path)
    assert done.status == 2
    assert "holds no few-shot evaluation" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert not toy


def test_all_models_are_looked_up_first_and_a_failure_leaves_no_folder(
    icl: Icl, tmp_path: Path, toy: list[ToyModel]
) -> None:
    out = tmp_path / "a" / "b"
    done = icl("fewshot", "--model", "toy,toi", "--tasks", "next_letter", "--out", str(out))
    assert done.status == 2
    assert "unknown language model 'toi'" in done.err
    assert not toy
    (tmp_path / "two.csv").write_text("input,output\na,b c\nd,e f\n")  # no output is a single token
    done = icl("fewshot", "--model", "toy", "--tasks", str(tmp_path / "two.csv"), "--shots", "0", "--out", str(out))
    assert done.status == 2
    assert toy
    assert not out.parent.exists()


def test_a_model_of_the_hub_is_looked_for_aloud(icl: Icl, tmp_path: Path) -> None:
    done = icl("fewshot", "--model", "mamba-130m", "--tasks", "next_letter", "--queries", "2", "--shots", "0",
               "--out", str(tmp_path / "o"))  # fmt: skip
    assert "loading mamba-130m: looking for state-spaces/mamba-130m-hf in" in " ".join(done.err.split())


def test_describe_shows_a_prompt(icl: Icl) -> None:
    done = icl("describe", "country_capital")
    assert done.status == 0
    lines = [line.strip() for line in done.out.splitlines()]
    assert sum(line.startswith("example:") for line in lines) == 4
    assert json.loads(icl("describe", "next_letter", "--json").out)[0]["prompt"].endswith("->")
    assert icl("describe", "csv_file").status == 0


def test_task_vectors_of_a_tiny_network_and_their_control(
    icl: Icl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # no toy: only a network has layers
    model = save(tmp_path / "tiny", "Llama")

    def ask_it(queries: int, tasks: str = "next_letter,country_capital"):  # type: ignore[no-untyped-def]
        return icl("fewshot", "--model", str(model), "--tasks", tasks, "--queries", "2",
                   "--shots", "0", "--controls", "none", "--answers", "whole", "--task-vectors", str(queries),
                   "--out", str(tmp_path / "o"), "--json")  # fmt: skip

    done = ask_it(4)
    assert done.status == 0
    assert "no layer is chosen for the task vectors of next_letter, country_capital" in " ".join(done.err.split())
    assert json.loads(done.out)["task_vectors"] == {}
    done = ask_it(10)
    assert done.status == 0
    assert "no layer is chosen" not in done.err
    rows = json.loads(done.out)["task_vectors"][str(model)]
    assert [(row["task"], row["other"], row["layers"]) for row in rows] == [
        ("next_letter", "country_capital", 2), ("country_capital", "next_letter", 2), ("= mean, one layer", "", 2),
    ]  # fmt: skip
    assert all(row["patched"]["low"] is not None and row["another"]["low"] is not None for row in rows)
    assert all(row["another_best"]["low"] is not None for row in rows)
    assert rows[-1]["short"]["low"] is not None
    assert len(list((tmp_path / "o" / "answers").glob("*-residual-of-*"))) == 2 * 2
    assert "no control" not in done.err
    done = ask_it(10, "next_letter")
    assert "no control for the task vectors of next_letter, nor" in " ".join(done.err.split())
    assert json.loads(done.out)["task_vectors"][str(model)][0]["another"] is None
