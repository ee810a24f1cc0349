"""`icl probe`: look inside a trained run. Which algorithm did it learn, and where?"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import note, print_json, progress, results
from icl_lab.cli.options import use
from icl_lab.cli.settings import names, numbers
from icl_lab.cli.time_left import TimeLeft
from icl_lab.cli.trained import page_folder, trained_at
from icl_lab.core.errors import UserError, suggest
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.whole import applies
from icl_lab.probing.interventions import parts
from icl_lab.probing.interventions.parts import KINDS, Kind
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column
from icl_lab.report.probe.data import Probe, check_free, read_probe
from icl_lab.report.probe.words import BlockRow, block_rows, conclusion
from icl_lab.report.words import number
from icl_lab.studies.probing.look import look_inside
from icl_lab.studies.probing.trained import Trained


def probe(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="A run's folder, OUT/runs/<digest>; a checkpoint in it; or a comparison's folder and model, "
            "results/first/mamba; or a name from `icl list trained`. After the first, further trainings or checkpoints "
            "to set beside it.",
        ),
    ],
    model: Annotated[str, typer.Option(help="Which model of a comparison's folder.")] = "",
    shown: Annotated[
        str, typer.Option(help="After how many examples, with commas; by default up to the end of the prompt.")
    ] = "",
    functions: Annotated[int, typer.Option(min=4, help="Functions that queries are asked about.")] = 128,
    fitted: Annotated[
        Literal["queries", "examples"],
        typer.Option(
            help="What scale and shift are fitted on: other queries, or the last examples of the prompt as in the "
            "released code of Grazzi et al."
        ),
    ] = "queries",
    probed: Annotated[int, typer.Option(min=0, help="Functions for probes, at least 8; 0: no probes.")] = 512,
    prompts: Annotated[int, typer.Option(min=0, help="Prompts for changes to activations, at least 2; 0: none.")] = 64,
    ablate: Annotated[
        str,
        typer.Option(
            help="What is ablated, kinds with commas: everything; each block; each head, or some channels where there "
            "are no heads; each state, numbers of a recurrence's state (slow); each short convolution; its neighbours, "
            "the tokens before its own."
        ),
    ] = ",".join(ProbeSpec().ablate),
    how: Annotated[
        Literal["mean", "resample", "zero"],
        typer.Option(
            help="What stands in for an ablated part: its mean over other prompts, what it gives on one other prompt, "
            "or zeros."
        ),
    ] = "mean",
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes; by default `probe` in the run's folder, or results/probe.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 1,
    as_json: Json = False,
) -> None:
    """Look inside a trained run: what each block knows, which algorithm it is nearest to, what breaks it.

    \b
      icl probe linear_regression/mamba
      icl probe results/first/mamba
      icl probe results/first/runs/0123456789ab --shown 5,10,20
      icl probe linear_regression/mamba --ablate block,state,neighbours --how resample
      icl probe results/a/runs/0123456789ab/checkpoint*.safetensors --probed 0 --prompts 0
    """  # noqa: D301, D412
    # Many small operations: a second thread gains little, and where others work beside it the two wait for each other.
    workers = use("cpu", threads)
    points = numbers("--shown", shown, 1, "numbers of examples with commas, 5,10,40") if shown.strip() else ()
    spec = ProbeSpec(
        functions=functions,
        shown=points,
        fitted=fitted,
        probed=probed,
        prompts=prompts,
        ablate=_kinds(ablate),
        how=how,
        seed=seed,
    )
    found = [one for path in runs for one in trained_at(path, model)]
    folder = out or page_folder(found[0])
    check_free(folder, found[0].spec.digest())
    task = found[0].spec.task
    absent = _absent(found[0], spec)
    if not as_json:
        for said in filter(None, (applies(task), absent)):
            note(said)
    with TimeLeft(progress(), "probe") as told:
        page = look_inside(found, spec, folder, workers, told)
    looked = read_probe(folder)
    if as_json:
        print_json(_as_values(looked, page))
        return
    _print(looked)
    results().print(f"page: {page}", markup=False, soft_wrap=True)


def _kinds(text: str) -> tuple[Kind, ...]:
    """Kinds of parts, each once, in the order in which they are known.

    Raises:
        UserError: There is none, or one that is no kind.
    """
    asked = names(text)
    for one in asked:
        if one not in KINDS:
            raise UserError(f"--ablate: {one!r} is no kind of part; {suggest(one, KINDS)}")
    if not asked:
        raise UserError(f"--ablate: expected kinds with commas, of {', '.join(KINDS)}; --prompts 0 for no changes")
    return tuple(kind for kind in KINDS if kind in asked)


def _absent(one: Trained, spec: ProbeSpec) -> str:
    """A line on kinds that were asked for and are not in a network; empty where there is none.

    Raises:
        UserError: It has none of them.
    """
    if not spec.prompts:
        return ""
    none = [kind for kind in spec.ablate if not parts(one.network, (kind,))]
    if none == list(spec.ablate):
        raise UserError(f"--ablate: {one.label} has no {' and no '.join(none)} to ablate; choose others")
    asked = [kind for kind in none if spec.ablate != ProbeSpec().ablate]
    return f"{one.label} has no {' and no '.join(asked)} to ablate: the other kinds are" if asked else ""


def _print(looked: Probe) -> None:
    first = looked.networks[0]
    rows, end = block_rows(looked, first), looked.end(first)
    if rows:
        measure = looked.measure
        after = "" if end is None else f" {measure.at(end)}"
        chance = f", {measure.zero} {number(looked.zero_error)}" if measure.complement else ""
        results().print(_table(f"{first.label}: {measure.words}{after}, 90% intervals{chance}", rows))
    for one in looked.networks:
        said = conclusion(looked, one)
        name = f"{one.label}, seed {one.seed}, {one.step:,} steps: " if len(looked.networks) > 1 else ""
        if said:
            results().print(f"{name}{said}", markup=False, soft_wrap=True)


def _table(title: str, rows: list[BlockRow]) -> Grid:
    blocks = (column("block", [row.block for row in rows]), column("mixer", [row.kind for row in rows], right=False))
    fitted = any(row.scale is not None for row in rows)
    columns = [column("error", [Estimate(*(row.plain if fitted else row.error)) for row in rows])]
    if fitted:
        columns.append(column("with both", [Estimate(*row.error) for row in rows]))
        columns.append(column("scale", [number(row.scale) for row in rows]))
        columns.append(column("shift", [number(row.shift) for row in rows]))
    if any(row.nearest for row in rows):
        columns.append(column("distance", [number(row.distance[0]) for row in rows]))
        columns.append(column("unexplained", [number(row.unexplained) for row in rows]))
        columns.append(column("nearest method", [row.nearest for row in rows], right=False))
    return Grid(title, blocks, tuple(columns))


def _as_values(looked: Probe, page: Path) -> dict[str, Any]:
    """What a program wants to know."""
    return {
        "page": str(page),
        "note": looked.note,
        "networks": [
            {
                "run": one.run,
                "label": one.label,
                "seed": one.seed,
                "step": one.step,
                "conclusion": conclusion(looked, one),
                "shown": looked.end(one),
                "blocks": [vars(row) for row in block_rows(looked, one)],
            }
            for one in looked.networks
        ],
    }
