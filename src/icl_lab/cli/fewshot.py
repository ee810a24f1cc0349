"""`icl fewshot`: few-shot tasks on text, asked of pretrained language models."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from icl_lab.cli.components import Json
from icl_lab.cli.console import STOPPED, note, print_json, print_table, progress, results
from icl_lab.cli.options import Device, Threads, use
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.files import exclusive
from icl_lab.core.specs import from_short, split
from icl_lab.language.base import LANGUAGE_TASKS, LanguageTask
from icl_lab.language.draws import LABELS, Labels
from icl_lab.language.evaluation import Plan, Step, carry_out, plan
from icl_lab.language.folder import write_results
from icl_lab.language.import_hendel import import_hendel
from icl_lab.language.listed import ListedTask
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.prompts import read_template
from icl_lab.language.spec import REPORTED, Answers, FewShot
from icl_lab.language.tasks.csv_file import CsvFile
from icl_lab.report.fewshot_data import read_fewshot
from icl_lab.report.fewshot_page import write_fewshot_page
from icl_lab.report.fewshot_tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot_words import conclusion
from icl_lab.training.observers.live import duration

IMPORT = "import-hendel"
LINE_SECONDS = 30.0  # between two plain lines where there is no terminal


def fewshot(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[import-hendel DIR]", help="Instead: read the lists of Hendel et al. 2023 in DIR."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "--models",
            help="A name such as smollm2-135m, a folder, a .gguf file, a hub name; several with commas.",
        ),
    ] = "smollm2-135m",
    tasks: Annotated[
        str, typer.Option(help="Names from `icl list language_task`, CSV files, `reported` or `all`, with commas.")
    ] = "reported",
    shots: Annotated[str, typer.Option(help="Numbers of demonstrations, with commas.")] = "0,1,2,4,5,8,16",
    queries: Annotated[int, typer.Option(min=1, help="Queries of each task, for each seed.")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="How often queries and demonstrations are drawn anew.")] = 1,
    controls: Annotated[str, typer.Option(help="shuffled, random, both with a comma, or none.")] = "shuffled",
    per_set: Annotated[
        int, typer.Option(min=1, help="Queries that share their demonstrations; 1 as published, and slower.")
    ] = 5,
    template: Annotated[
        str, typer.Option(help="published, arrow, equals, question, or a line with {input} that ends with {output}.")
    ] = "published",
    answers: Annotated[str, typer.Option(help="token: one, as published; whole: up to the end of the line.")] = "token",
    pairs: Annotated[
        Path | None, typer.Option(help="Folder with lists of pairs instead of ours, as `import-hendel` writes it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the evaluation; answers in it are used again.")] = None,
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Ask pretrained language models few-shot tasks on text: accuracy by number of demonstrations, and a page.

    \b
      icl fewshot --model smollm2-135m --shots 0,1,2,4,8,16
      icl fewshot --tasks country_capital,mine.csv --controls shuffled,random --seeds 3 --out results/mine
      icl fewshot import-hendel DIR --out pairs      # then: icl fewshot --pairs pairs
    """  # noqa: D301, D412
    if words:
        if words[0] != IMPORT or len(words) != 2:
            raise UserError(f"expected options, or {IMPORT} DIR, got {' '.join(words)!r}; tasks go after --tasks")
        import_lists(Path(words[1]), out or Path("pairs"))
        return
    spec = fewshot_spec(tasks, shots, queries, seeds, controls, per_set, template, answers, pairs)
    models = split(model)
    if not models:
        raise UserError("--model: expected at least one model")
    folder = out or Path("results") / "fewshot" / "-".join(_safe(name) for name in models)
    workers = use(device, threads)
    with exclusive(folder):
        plans, notes = {}, {}
        for name in models:
            plans[name], notes[name] = _asked(name, spec, folder, str(workers.device))
        write_results(folder, spec, plans, notes)
        page = write_fewshot_page(folder)
    found = read_fewshot(folder)
    if as_json:
        print_json({"page": str(page), **fewshot_values(found)})
        return
    screen = results()
    for table in fewshot_tables(found):
        screen.print(table)
        screen.print()
    screen.print(conclusion(found), markup=False)
    screen.print(f"page: {page}", markup=False, soft_wrap=True)


def fewshot_spec(
    tasks: str,
    shots: str,
    queries: int,
    seeds: int,
    controls: str,
    per_set: int,
    template: str,
    answers: str,
    pairs: Path | None,
) -> FewShot:
    """What a command line asks, with every name and number checked before a model is loaded."""
    if answers not in get_args(Answers):
        raise UserError(f"--answers: expected {' or '.join(get_args(Answers))}, got {answers!r}")
    chosen = tasks_of(tasks, pairs)
    for task in chosen:
        task.pairs()
    return FewShot(
        tasks=chosen,
        shots=_numbers(shots),
        num_queries=queries,
        per_set=per_set,
        num_seeds=seeds,
        labels=_labels(controls),
        template=read_template(template),
        answers=answers,  # type: ignore[arg-type]
    )


def tasks_of(text: str, pairs: Path | None = None) -> tuple[LanguageTask, ...]:
    """The tasks that a command line names."""
    found: list[LanguageTask] = []
    for name in split(text):
        if name == "reported":
            found += [LANGUAGE_TASKS.get(one)() for one in REPORTED]
        elif name == "all":
            found += [LANGUAGE_TASKS.get(one)() for one in LANGUAGE_TASKS.names() if one != "csv_file"]
        elif name.endswith(".csv"):
            found.append(CsvFile(path=name))
        else:
            found.append(from_short(LANGUAGE_TASKS, name))
    if not found:
        raise UserError("--tasks: expected names from `icl list language_task`, CSV files, reported or all")
    unique = tuple(dict.fromkeys(found))
    if pairs is None:
        return unique
    if not pairs.is_dir():
        raise UserError(f"--pairs: no folder {pairs}; `icl fewshot import-hendel DIR --out {pairs}` writes one")
    # Lists that are not in the folder stay ours.
    return tuple(
        task.replace(folder=str(pairs))
        if isinstance(task, ListedTask) and (pairs / f"{task.name}.csv").is_file()
        else task
        for task in unique
    )


def import_lists(source: Path, target: Path) -> None:
    """Read the lists of pairs of Hendel et al. 2023 from a user's copy; they have no licence and are not shipped."""
    found = import_hendel(source, target)
    print_table(("list", "pairs"), [(name, f"{count:,}") for name, count in found.items()])
    results().print(f"now: icl fewshot --pairs {target}", markup=False, soft_wrap=True)


def _asked(name: str, spec: FewShot, folder: Path, device: str) -> tuple[Plan, Mapping[str, Any]]:
    from icl_lab.language.models import NAMED, load

    note(f"loading {name}")
    model: LanguageModel = load(name, device=device)
    todo = plan(model, spec, folder)
    with Shown(progress(), todo) as shown:
        try:
            carry_out(todo, model, spec, folder, shown)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{STOPPED}; the same command goes on after the last finished task") from None
    network = getattr(model, "network", None)
    parameters = sum(one.numel() for one in network.parameters()) if network is not None else None
    licence = NAMED[name].licence if name in NAMED else ""
    return todo, {"parameters": parameters, "licence": licence}


class Shown:
    """Progress and the time left: a bar where there is a terminal, a line now and then where there is none.

    Args:
        console: Where to.
        plan: What is asked.
    """

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console, self._plan = console, plan
        self._begun = self._said = time.monotonic()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(24),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._id = self._bar.add_task(plan.model, total=max(plan.cost, 1e-9), left="") if self._bar else None

    def __enter__(self) -> "Shown":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, step: Step, done: float) -> None:
        """Tell how far it has come."""
        now, total = time.monotonic(), self._plan.cost
        if not total:
            return
        left = f"about {duration((now - self._begun) * (total - done) / done)} left" if done > 0.02 * total else ""
        unit = step.unit
        words = f"{unit.model}: {unit.task.title}" + (f", {unit.labels} labels" if unit.labels != "true" else "")
        if self._bar is not None and self._id is not None:
            self._bar.update(self._id, completed=done, description=words, left=left)
        elif now - self._said > LINE_SECONDS:
            self._said = now
            self._console.print(f"{words}: {done / total:.0%} {left}", markup=False, highlight=False, soft_wrap=True)


def _labels(text: str) -> tuple[Labels, ...]:
    found: list[Labels] = ["true"]
    for name in split(text):
        if name == "none":
            continue
        if name not in LABELS or name == "true":
            raise UserError(f"--controls: unknown control {name!r}: {suggest(name, ('shuffled', 'random', 'none'))}")
        found += [label for label in LABELS if label == name and label not in found]
    return tuple(found)


def _numbers(text: str) -> tuple[int, ...]:
    parts = split(text)
    if not parts or not all(part.isdigit() for part in parts):
        raise UserError(f"--shots: expected numbers of demonstrations with commas, as in 0,1,2,4,8, got {text!r}")
    return tuple(int(part) for part in parts)


def _safe(name: str) -> str:
    """A model's name as one part of a path."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in Path(name).name).strip(".")
        or "model"
    )
