"""`icl fewshot`: few-shot tasks on text, asked of pretrained language models."""

from pathlib import Path

from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, print_table, results
from icl_lab.cli.fewshot.asking import Outcome, as_part_of_a_path, evaluate
from icl_lab.cli.fewshot.options import (
    AnswersOption,
    Controls,
    Models,
    Out,
    Pairs,
    PerSet,
    Queries,
    Seeds,
    Shots,
    Tasks,
    TemplateOption,
    Vectors,
    Words,
)
from icl_lab.cli.fewshot.settings import fewshot_spec
from icl_lab.cli.options import Device, Threads, use
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import split
from icl_lab.language.pairs.import_hendel import import_hendel
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot.words import sentences

IMPORT = "import-hendel"


def fewshot(
    words: Words = None,
    model: Models = "smollm2-135m",
    tasks: Tasks = "reported",
    shots: Shots = "0,1,2,4,5,8,16",
    queries: Queries = 100,
    seeds: Seeds = 1,
    controls: Controls = None,
    per_set: PerSet = 5,
    template: TemplateOption = "published",
    answers: AnswersOption = "token",
    vectors: Vectors = 0,
    pairs: Pairs = None,
    out: Out = None,
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
    spec = fewshot_spec(
        tasks=tasks,
        shots=shots,
        queries=queries,
        seeds=seeds,
        controls=controls,
        per_set=per_set,
        template=template,
        answers=answers,
        pairs=pairs,
    )
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
