"""`icl fewshot`: few-shot tasks on text, asked of pretrained language models."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import STOPPED, note, print_json, print_table, progress, results
from icl_lab.cli.fewshot_folder import only_if_it_succeeds
from icl_lab.cli.fewshot_progress import Shown
from icl_lab.cli.fewshot_settings import fewshot_spec
from icl_lab.cli.options import Device, Threads, use
from icl_lab.core.errors import UserError
from icl_lab.core.files import exclusive
from icl_lab.core.records import Record
from icl_lab.core.specs import split
from icl_lab.language.asking.plan import Plan, carry_out, plan
from icl_lab.language.folder import write_results
from icl_lab.language.models import NAMED, find, load
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.models.hub import looked_in
from icl_lab.language.pairs.import_hendel import import_hendel
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import category_records, kinds_of, measure_unpatched, measure_vectors
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.page import write_fewshot_page
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot.words import conclusion
from icl_lab.training.observers.live import duration

IMPORT = "import-hendel"


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
            help="A name such as smollm2-135m (Instruct, 4-bit), a folder, a .gguf file, a hub name; or several",
        ),
    ] = "smollm2-135m",
    tasks: Annotated[
        str, typer.Option(help="Names from `icl list language_task`, CSV files, `reported` or `all`, with commas.")
    ] = "reported",
    shots: Annotated[str, typer.Option(help="Numbers of demonstrations, with commas.")] = "0,1,2,4,5,8,16",
    queries: Annotated[int, typer.Option(min=1, help="Queries of each task, for each seed.")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="How often queries and demonstrations are drawn anew.")] = 1,
    controls: Annotated[
        str | None,
        typer.Option(help="shuffled, random, both with a comma, or none; by default shuffled, on knowledge tasks."),
    ] = None,
    per_set: Annotated[
        int, typer.Option(min=1, help="Queries that share their demonstrations; 1 as published, and slower.")
    ] = 5,
    template: Annotated[
        str, typer.Option(help="published, arrow, equals, question, or a line with {input} that ends with {output}.")
    ] = "published",
    answers: Annotated[str, typer.Option(help="token: one, as published; whole: up to the end of the line.")] = "token",
    vectors: Annotated[
        int,
        typer.Option("--task-vectors", min=0, help="Queries a task for task vectors, patched layer by layer; 0: none."),
    ] = 0,
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
    places = {name: find(name) for name in models}  # all of them before the first is asked
    with only_if_it_succeeds(folder), exclusive(folder):
        plans, notes, more = {}, {}, []
        for name in models:
            note(f"loading {name}" if places[name].local else f"loading {name}: looking for {looked_in(places[name])}")
            model_of_name = load(name, device=str(workers.device))
            plans[name], notes[name] = _asked(model_of_name, name, spec, folder)
            if vectors:
                more += _vectors(model_of_name, plans[name], spec, folder, vectors)
        write_results(folder, spec, plans, notes, more)
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


def import_lists(source: Path, target: Path) -> None:
    """Read the lists of pairs of Hendel et al. 2023 from a user's copy; they have no licence and are not shipped."""
    found = import_hendel(source, target)
    print_table(("list", "pairs"), [(name, f"{count:,}") for name, count in found.items()])
    results().print(f"now: icl fewshot --pairs {target}", markup=False, soft_wrap=True)


def _vectors(model: LanguageModel, todo: Plan, spec: FewShot, folder: Path, queries: int) -> list[Record]:
    """Task vectors of every task, and their means over categories."""
    if not isinstance(model, CausalModel):
        raise UserError(f"--task-vectors: {model.name} has no layers to patch")
    console, found, begun = progress(), [], time.monotonic()
    kinds = kinds_of(model)
    for place, task in enumerate(spec.tasks, start=1):
        found += measure_unpatched(model, todo, task, spec, folder, queries)
        for kind in kinds:
            found += measure_vectors(model, todo, task, spec, folder, queries, kind)
        left = (time.monotonic() - begun) * (len(spec.tasks) - place) / place
        console.print(
            f"task vectors: {place} of {len(spec.tasks)} tasks, about {duration(left)} left",
            markup=False, highlight=False,
        )  # fmt: skip
    return [*found, *category_records(found, spec)]


def _asked(model: LanguageModel, name: str, spec: FewShot, folder: Path) -> tuple[Plan, Mapping[str, Any]]:
    todo = plan(model, spec, folder)
    if todo.short:
        tasks = ", ".join(f"{title} ({', '.join(map(str, counts))})" for title, counts in todo.short.items())
        note(f"{name}: too few pairs for so many demonstrations, which are left out: {tasks}")
    with Shown(progress(), todo) as shown:
        try:
            carry_out(todo, model, spec, folder, shown)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{STOPPED}; the same command goes on after the last finished task") from None
    network = getattr(model, "network", None)
    parameters = sum(one.numel() for one in network.parameters()) if network is not None else None
    licence, about = (NAMED[name].licence, NAMED[name].note) if name in NAMED else ("", "")
    return todo, {"parameters": parameters, "licence": licence, "note": about, "weights": model.fingerprint}


def _safe(name: str) -> str:
    """A model's name as one part of a path."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in Path(name).name).strip(".")
        or "model"
    )
