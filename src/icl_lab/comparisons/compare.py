"""Carrying out a comparison: train what is not trained yet, evaluate everything on the same prompts, keep the numbers.

A comparison's folder holds `comparison.json` (what was asked, by which code and machine), `records.jsonl` (every
number), `runs/` (one folder a training, named by its digest), and the page that `report` draws from the first two.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

import numpy as np
import torch

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.comparisons.described import described
from icl_lab.comparisons.held import held_rows
from icl_lab.comparisons.published import published_beside
from icl_lab.comparisons.training_rows import training_rows
from icl_lab.core.errors import UserError
from icl_lab.core.files import make_folder
from icl_lab.core.predictor import Predictor
from icl_lab.core.records import Record, has_records, rounded, write_records
from icl_lab.evaluation.contrasts import contrast_rows
from icl_lab.evaluation.cost import cost_of_evaluation, measure_cost
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.scores import best_baseline
from icl_lab.evaluation.shifts import extrapolation_curve, shifted_curve
from icl_lab.evaluation.state_norm import measure_state_norm
from icl_lab.evaluation.statistics import mean_curve
from icl_lab.kernels.backend import choose
from icl_lab.models.network import Network
from icl_lab.report.comparison.folder import COMPARISON, RECORDS, read_comparison, write_comparison
from icl_lab.report.study.data import STUDY
from icl_lab.training.observers.base import Observer
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers

Watch = Callable[[RunSpec, str, float | None], Sequence[Observer]]
"""Makes the observers of a run from its spec, its label and the mean error of the best baseline."""


def run_comparison(
    spec: ComparisonSpec,
    out: Path,
    watch: Watch = lambda *_: (),
    workers: Workers | None = None,
    runs: Path | None = None,
    *,
    published: ComparisonSpec | None = None,
    compressed: bool = False,
    gone: Set[str] = frozenset(),
) -> Curves:
    """Carry out a comparison in a folder; what is trained there already is not trained again.

    Args:
        spec: The comparison.
        out: Its folder, made where it is missing.
        watch: Observers of each training.
        workers: Device and processes.
        runs: The folder that holds `runs/`, for comparisons that share trainings; `out` by default.
        published: The comparison at the published sizes, which the page says the differences to; see `differences.py`.
        compressed: Write `records.jsonl.gz` instead of `records.jsonl`: five digits, thinned training curves.
        gone: Digests of trainings that are not repeated: their rows in the folder are joined with those of the others.

    Returns:
        The learning curves at the training context, of what was evaluated now.

    Raises:
        UserError: The folder holds a comparison on another task, or rows that cannot be joined; or a training diverged.
        DamagedFile: A file of the folder cannot be read; nothing was overwritten.
    """
    workers, trained = workers or Workers(), runs or out
    refuse_another_task(spec, out)
    make_folder(out)
    held = held_rows(spec, out, gone)
    networks = list(_networks(spec, gone, trained, watch, workers))
    evaluated = list(_evaluated(spec, networks, workers))
    beside = published_beside(evaluated, spec.task)
    records = [
        *_curve_rows(networks, evaluated),
        *_state_norm_rows(spec, networks, workers),
        *(row for run, network in networks for row in training_rows(run, network.label, trained, thin=compressed)),
        *_cost_rows(spec, networks, evaluated[0], workers),
        *(row for _, rows in beside for row in rows),
    ]
    if held is not None:
        records = held.joined(spec, evaluated, records)
    if workers.is_main:
        description = described(
            spec,
            evaluated,
            (one for one, _ in beside),
            published=published,
            kernels=choose(workers.device.type, torch.float32) if networks else "",
            folders=(run_folder(trained, run) for run, _ in networks),
        )
        if held is not None:
            description = held.described(description)
        # The rows first: a page is never without the numbers that its comparison.json speaks of.
        write_records(out / RECORDS, map(rounded, records) if compressed else records, compressed=compressed)
        write_comparison(out, description)
    return evaluated[0]


def _evaluated(spec: ComparisonSpec, networks: Sequence[tuple[RunSpec, Network]], workers: Workers) -> Iterator[Curves]:
    """The learning curves at the training context, under every shift, and on the longest prompts."""
    # In the order of the comparison, whichever trainings are here: it is the order of the names of pairs.
    places = {spec.label(entry.model): place for place, entry in enumerate(spec.entries)}
    ordered = sorted(networks, key=lambda one: places[one[1].label])
    predictors: list[Predictor] = [network for _, network in ordered] + list(spec.baselines)
    seeds = [run.seed for run, _ in ordered] + [0] * len(spec.baselines)
    task, sample = spec.task, (spec.num_prompts, spec.seed)
    yield learning_curve(predictors, task, *sample, seeds=seeds, device=workers.device)
    for shift in spec.shifts:
        longer = task.replace(length=spec.shifted_length)
        yield shifted_curve(predictors, longer, shift, *sample, seeds=seeds, device=workers.device)
    if spec.longest_length > task.length:
        yield extrapolation_curve(predictors, task, spec.longest_length, *sample, seeds=seeds, device=workers.device)


def _curve_rows(networks: Sequence[tuple[RunSpec, Network]], evaluated: Sequence[Curves]) -> Iterator[Record]:
    digests = {(network.label, run.seed): run.digest() for run, network in networks}
    for curves in evaluated:
        yield from curves.records(digests)
    for curves in evaluated:
        yield from contrast_rows(curves)


def _state_norm_rows(
    spec: ComparisonSpec, networks: Sequence[tuple[RunSpec, Network]], workers: Workers
) -> Iterator[Record]:
    """The state along the longest prompts, of every model that has one of constant size and can read them."""
    length, num_prompts = spec.longest_length, min(64, spec.num_prompts)
    if length == spec.task.length:
        return
    longer = spec.task.replace(length=length)
    for run, network in networks:
        try:
            norm = measure_state_norm(network, longer, num_prompts=num_prompts, seed=spec.seed, device=workers.device)
        except UserError:  # it is among the refusals of the curves already
            continue
        yield from norm.records(
            network.label,
            longer,
            run.digest(),
            seed=run.seed,
            shift=f"length={length}",
            num_prompts=num_prompts,
        )


def refuse_another_task(spec: ComparisonSpec, out: Path) -> None:
    """Refuse a folder whose rows are about another task, or whose page is that of a study.

    Raises:
        UserError: They are.
        DamagedFile: They cannot be read.
    """
    if (out / STUDY).is_file():
        raise UserError(f"{out} holds a study: give another --out")
    if not ((out / COMPARISON).exists() and has_records(out / RECORDS)):
        return
    held = dict(read_comparison(out).task)
    if held != spec.task.to_json():
        raise UserError(f"{out} holds a comparison on another task ({held.get('task')}): give another --out")


def _best_baseline_error(spec: ComparisonSpec) -> float | None:
    """Mean error over the prompt of the best baseline, on a few prompts: what the live display compares with."""
    if not (spec.entries and spec.baselines):
        return None
    best = best_baseline(learning_curve(spec.baselines, spec.task, min(128, spec.num_prompts), spec.seed))
    return None if best is None else float(np.nanmean(mean_curve(best.filled)))


def _networks(
    spec: ComparisonSpec, gone: Set[str], out: Path, watch: Watch, workers: Workers
) -> Iterator[tuple[RunSpec, Network]]:
    """Each training that is not gone, trained as far as it is not yet, under its label."""
    baseline_error = _best_baseline_error(spec)
    for run in spec.runs():
        if run.digest() not in gone:
            label = spec.label(run.model)
            network = train_run(run, run_folder(out, run), watch(run, label, baseline_error), workers)
            network.label = label
            yield run, network


def _cost_rows(
    spec: ComparisonSpec, networks: Sequence[tuple[RunSpec, Network]], curves: Curves, workers: Workers
) -> list[Record]:
    rows: list[Record] = []
    for run, network in networks:
        if run.seed == 0:
            cost = measure_cost(network, spec.task, device=workers.device)
            rows += cost.records(network.label, spec.task, run.digest())
    for baseline in spec.baselines:
        # Some take long: the evaluation was their measurement.
        (errors,) = curves.of(baseline.label)
        rows += cost_of_evaluation(errors).records(baseline.label, spec.task, baseline.digest())
    return rows
