"""Looking inside trained networks: into a folder with rows and a page of its own."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from icl_lab.core.errors import UserError
from icl_lab.core.records import Record, write_records
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.telling import within
from icl_lab.probing.examination.whole import applies, examine, relative_work
from icl_lab.published.probing import SOURCE
from icl_lab.report.probe.data import RECORDS, Looked, Probe, write_probe
from icl_lab.report.probe.page import write_probe_page
from icl_lab.studies.probing.published import published_rows
from icl_lab.studies.probing.trained import Trained
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.environment import describe_environment
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers


def look_inside(
    trained: Sequence[Trained],
    spec: ProbeSpec,
    folder: Path,
    workers: Workers | None = None,
    told: Callable[[float, str], None] = lambda done, words: None,
    *,
    beside: Probe | None = None,
) -> Path:
    """Examine networks, the first in everything, the others in what is compared; write rows and page.

    Args:
        trained: Networks that were trained on one task.
        spec: How closely they are looked at.
        folder: Where `probe.json`, `records.jsonl`, `index.html` and `figures/` go.
        workers: For the description of the machine.
        told: How far it has come, from 0 to 1, and which network it is at.
        beside: What was found in the folder's other networks, as closely looked at; it is kept as it is.

    Returns:
        The path of the page.

    Raises:
        UserError: They were trained on several tasks.
    """
    # The same network named twice, by its run and by its newest checkpoint, is one.
    trained = list({(one.spec.digest(), one.step, one.label): one for one in trained}.values())
    tasks = {one.spec.task.digest(): one.spec.task for one in trained}
    if len(tasks) != 1:
        raise UserError(f"probe: expected runs on one task, got {', '.join(task.short() for task in tasks.values())}")
    (task,) = tasks.values()
    examined = {one.spec.digest() for one in trained}
    others = [one for one in beside.networks if one.run not in examined] if beside else []
    rows = [*_rows_of(others, beside), *_rows(trained, spec, told, is_first=not others)]
    published = [*published_rows(task, spec)]
    write_records(folder / RECORDS, [*rows, *published])
    settings = {name: value for name, value in spec.to_json().items() if name != "shown"}
    probe = Probe(
        task=task.to_json(),
        metric=task.metric,
        complement=task.objective.complement,
        axis=task.axis,
        zero_error=task.zero_error,
        networks=(*others, *map(_looked, trained)),
        note=applies(task),
        settings={"shown": list(spec.shown_on(task.length)), **settings},
        measured=spec.measured_on(task.length),
        environment=describe_environment(workers or Workers()),
        published=SOURCE if published else "",
    )
    write_probe(folder, probe)
    return write_probe_page(folder)


def _rows_of(networks: Sequence[Looked], probe: Probe | None) -> Iterator[Record]:
    rows = probe.records.filter(pl.col("run").is_in([one.run for one in networks])) if probe else None
    for row in rows.iter_rows(named=True) if rows is not None else ():
        yield Record(**row)


def _rows(
    trained: Sequence[Trained], spec: ProbeSpec, told: Callable[[float, str], None], *, is_first: bool
) -> Iterator[Record]:
    less = spec.replace(probed=0, prompts=0)
    closely = [spec if is_first and not place else less for place in range(len(trained))]
    work = [relative_work(one.spec.task, looked) for one, looked in zip(trained, closely, strict=True)]
    for place, (one, looked) in enumerate(zip(trained, closely, strict=True)):
        begin, end = sum(work[:place]) / sum(work), sum(work[: place + 1]) / sum(work)
        name = one.label if len(trained) == 1 else f"{one.label}, seed {one.spec.seed}, {one.step:,} steps"
        heard = within(partial(_say, told, name), begin, end)
        yield from examine(one.network, _subject(one), looked, heard)


def _say(told: Callable[[float, str], None], name: str, done: float) -> None:
    told(done, name)


def _subject(one: Trained) -> Subject:
    return Subject(one.spec.digest(), one.label, one.spec.task, one.spec.seed, one.step)


def _planned(spec: RunSpec) -> int:
    """Steps of a whole training; 0 where they follow from another budget."""
    budget = spec.training.budget
    return budget.amount if isinstance(budget, Steps) else 0


def _looked(one: Trained) -> Looked:
    return Looked(
        run=one.spec.digest(),
        label=one.label,
        seed=one.spec.seed,
        step=one.step,
        planned=_planned(one.spec),
        blocks=tuple(block.spec_name() for block in one.network.spec.backbone.pattern),
        spec=one.spec.to_json(),
    )
