"""`icl fewshot`: few-shot tasks on text, asked of pretrained language models."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, print_table, results
from icl_lab.cli.fewshot_asking import Outcome, as_part_of_a_path, evaluate
from icl_lab.cli.fewshot_settings import fewshot_spec
from icl_lab.cli.options import Device, Threads, use
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import split
from icl_lab.language.pairs.import_hendel import import_hendel
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot.words import sentences

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
    shots: Annotated[
        str,
        typer.Option(help="Numbers of demonstrations, with commas; what a task has too few pairs for is left out."),
    ] = "0,1,2,4,5,8,16",
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

    Stopped (Ctrl-C, SIGTERM) it shows what is finished, and the same command goes on after the last answer.

    \b
      icl fewshot --model smollm2-135m --shots 0,1,2,4,8,16
      icl fewshot --tasks country_capital,mine.csv --controls shuffled,random --seeds 3 --out results/mine
      icl fewshot --tasks list_first,french_english --shots 0,1,4,16,64,256 --queries 20
      icl fewshot --shots 0,5 --task-vectors 20      # also what each layer knows of a task
      icl fewshot import-hendel DIR --out pairs      # then: icl fewshot --pairs pairs
    """  # noqa: D301, D412
    if words:
        import_lists(words, out)
        return
    spec = fewshot_spec(tasks, shots, queries, seeds, controls, per_set, template, answers, pairs)
    models = split(model)
    if not models:
        raise UserError("--model: expected at least one model")
    folder = out or Path("results") / "fewshot" / "-".join(as_part_of_a_path(name) for name in models)
    ended = evaluate(models, spec, folder, str(use(device, threads).device), vectors)
    show(ended, as_json=as_json)
    if ended.stopped:
        raise KeyboardInterrupt(ended.stopped)


def import_lists(words: list[str], out: Path | None) -> None:
    """Read the lists of pairs of Hendel et al. 2023 from a user's copy; they have no licence and are not shipped."""
    if words[0] != IMPORT or len(words) != 2:
        raise UserError(f"expected options, or {IMPORT} DIR, got {' '.join(words)!r}; tasks go after --tasks")
    target = out or Path("pairs")
    found = import_hendel(Path(words[1]), target)
    print_table(("list", "pairs"), [(name, f"{count:,}") for name, count in found.items()])
    results().print(f"now: icl fewshot --pairs {target}", markup=False, soft_wrap=True)


def show(ended: Outcome, *, as_json: bool) -> None:
    """Print the tables of an evaluation, what came out, and where the page is."""
    found, page = ended.found, ended.page
    if as_json:
        unfinished = {"unfinished": list(found.unfinished)} if ended.stopped else {}
        print_json({"page": str(page) if page else None, **unfinished, **fewshot_values(found)})
        return
    screen = results()
    for table in fewshot_tables(found):
        screen.print(table)
        screen.print()
    for said in sentences(found):
        screen.print(said, markup=False)
    if page:
        screen.print(f"page: {page}", markup=False, soft_wrap=True)
