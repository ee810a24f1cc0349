"""`icl compare`: the main job. Train what is not trained yet, evaluate, write the page."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.comparison_settings import Asked, comparison_spec
from icl_lab.cli.components import Json
from icl_lab.cli.console import STOPPED, print_json, progress, results
from icl_lab.cli.matched import matched_values, print_matched
from icl_lab.cli.options import Device, ScaleOption, Threads, use
from icl_lab.cli.outcome import as_values, print_comparison
from icl_lab.cli.settings import names
from icl_lab.comparisons.compare import run_comparison
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.page import write_page
from icl_lab.training.observers.live import LiveDisplay
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers


def compare(
    task: Annotated[str, typer.Argument(help="A task from `icl list task`.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="dim=5, model.d_model=32, mamba.num_layers=3, training.batch=32"),
    ] = None,
    models: Annotated[
        str,
        typer.Option(
            help="Names from `icl list model`, with or without settings, or patterns of blocks, with commas; empty for "
            "baselines only."
        ),
    ] = "transformer,mamba,mambaformer",
    baselines: Annotated[
        str | None, typer.Option(help="Names from `icl list baseline`, with commas; by default the task's own.")
    ] = None,
    scale: ScaleOption = "small",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each model.")] = 1,
    prompts: Annotated[int | None, typer.Option(min=2, help="Held-out prompts; 1,280 as in the papers.")] = None,
    longest: Annotated[
        float, typer.Option(min=1, help="Longest context evaluated, times that of training; 1: none.")
    ] = 2,
    shifts: Annotated[
        str, typer.Option(help="Names from `icl list shift`, with commas, or `all` that apply; evaluated as well.")
    ] = "",
    match: Annotated[
        str,
        typer.Option(
            metavar="QUANTITY[=BUDGET]",
            help="Size the models to equal parameters, flops (of training) or state; the first sets the budget, "
            "or a number: parameters=100000.",
        ),
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder of the comparison; finished runs in it are used again.")] = Path(
        "results/comparison"
    ),
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Compare models and baselines on a task: train, evaluate on the same prompts, write a page.

    \b
      icl compare linear_regression dim=5 length=21 --out results/first
      icl compare sparse_linear_regression --models mamba,s4 --baselines lasso --seeds 3 --out results/sparse
      icl compare linear_regression --match parameters --out results/matched
      icl compare linear_regression --models "" --shifts "noisy_labels,scaled_inputs(scale=2)" --out results/shifts
    """  # noqa: D301, D412
    asked = Asked(
        task=task,
        settings=tuple(settings or ()),
        models=names(models),
        baselines=None if baselines is None else names(baselines),
        scale=scale,
        seeds=seeds,
        prompts=prompts,
        longest=longest,
        shifts=shifts,
        match=match,
    )
    carry_out(asked, out, use(device, threads), as_json=as_json)


def carry_out(asked: Asked, out: Path, workers: Workers, *, as_json: bool) -> None:
    """Train, evaluate, write the page, and say what came out."""
    spec = comparison_spec(asked)
    if workers.is_main and not as_json:
        print_matched(spec)
    console = progress()
    count = len(spec.runs())

    def watch(run: RunSpec, label: str, baseline_error: float | None) -> list[LiveDisplay]:
        place = spec.runs().index(run) + 1
        seed = f", seed {run.seed}" if spec.num_seeds > 1 else ""
        return [LiveDisplay(console, f"{place}/{count} {label}{seed}", baseline_error)]

    try:
        run_comparison(spec, out, watch, workers)
    except KeyboardInterrupt:
        if spec.entries:
            raise
        raise KeyboardInterrupt(STOPPED) from None
    if not workers.is_main:
        return
    page = write_page(out)
    if as_json:
        sized = {"matched": matched_values(spec)} if spec.match else {}
        print_json({"page": str(page), **sized, **as_values(read_comparison(out))})
        return
    print_comparison(read_comparison(out))
    results().print(f"page: {page}", markup=False, soft_wrap=True)
