"""What the documents say is so: folders, commands, names, terms."""

import re
import shlex
from pathlib import Path

import pytest
import torch

from icl_lab.catalogue import KINDS
from icl_lab.cli import compare, components, doctor, evaluate, fewshot, probe, report, run, train, tune
from icl_lab.cli.comparison_settings import Asked, comparison_spec
from icl_lab.cli.settings import names

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = {"compare", "run", "tune", "train", "evaluate", "list", "describe", "report", "doctor", "fewshot", "probe"}
HELP = "\n".join(
    function.__doc__ or ""
    for function in (
        compare.compare, train.train, evaluate.evaluate, components.describe, report.report, doctor.doctor,
        run.run, tune.tune, fewshot.fewshot, probe.probe,
    )
)  # fmt: skip


def commands(text: str) -> list[list[str]]:
    """The `icl ...` commands in a text, split as a shell would."""
    joined = text.replace("\\\n", " ")
    lines = re.findall(r"^(?:\s|\.venv/bin/)*(icl [a-z].*)$", joined, re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_file_map_lists_every_folder_and_no_other() -> None:
    listed = set(re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE))
    there = {path.name for path in (ROOT / "src" / "icl_lab").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert listed == there


@pytest.mark.parametrize("command", commands(README) + commands(HELP), ids=" ".join)
def test_every_command_that_is_shown_is_a_possible_one(command: list[str]) -> None:
    name, *rest = command
    assert name in COMMANDS
    if name != "compare":
        return
    options = dict(zip(rest, rest[1:], strict=False))
    arguments = [word for before, word in zip(rest, rest[1:], strict=False) if "=" in word and before[:2] != "--"]
    models = names(options.get("--models", "transformer,mamba,mambaformer"))
    baselines = names(options["--baselines"]) if "--baselines" in options else None
    shifts = options.get("--shifts", "")
    spec = comparison_spec(
        Asked(
            task=rest[0],
            settings=tuple(arguments),
            models=models,
            baselines=baselines,
            seeds=int(options.get("--seeds", 1)),
            shifts=shifts,
        )
    )
    assert len(spec.entries) == len(models)


def test_the_readme_calls_what_ci_runs() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_contributing_shows_a_task_that_works() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "@TASKS.register" in code
    scope: dict[str, object] = {"__name__": "my_package.quadratic_form_of_the_document"}
    exec(compile(code.replace("@TASKS.register\n", ""), "CONTRIBUTING.md", "exec"), scope)
    task = scope["QuadraticForm"](dim=4, length=200)  # type: ignore[operator]
    from icl_lab.core.streams import Stream

    measured = float(task.sample(Stream(0), 0, 400).targets.square().mean())
    # 400 forms: the mean of y^2 has a standard error of about 7%.
    assert measured == pytest.approx(task.label_variance, rel=0.25)


def test_the_python_of_the_readme_runs() -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    quick = code.replace("steps=1500", "steps=2").replace('curves.plot().savefig("curves.png")', "")
    quick = quick.replace("print(", "str(").replace("task)\n", "task, num_prompts=4)\n")
    quick = quick.replace("step, 64)", "step, 2)").replace("length=21", "length=5")
    scope: dict[str, object] = {"x": torch.ones(5), "y": torch.tensor(1.0)}
    exec(compile(quick, "README.md", "exec"), scope)
    assert scope["stream"].num_examples == 1  # type: ignore[attr-defined]


def test_the_glossary_knows_the_kinds() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text().lower()
    for kind in KINDS:
        words = {"model": "preset", "channel_mixer": "channel mixer", "inputs": "task"}.get(kind, kind)
        if kind not in ("optimiser", "schedule", "budget"):
            assert words in glossary
