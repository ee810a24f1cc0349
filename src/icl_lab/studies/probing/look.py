"""Looking inside trained networks: into a folder with rows and a page of its own."""

from collections.abc import Sequence
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.core.records import write_records
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.whole import applies, examine
from icl_lab.published.probing import SOURCE
from icl_lab.report.probe.data import RECORDS, Looked, Probe, write_probe
from icl_lab.report.probe.page import write_probe_page
from icl_lab.studies.probing.published import published_rows
from icl_lab.studies.probing.trained import Trained
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.environment import describe_environment
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers


def look_inside(trained: Sequence[Trained], spec: ProbeSpec, folder: Path, workers: Workers | None = None) -> Path:
    """Examine networks, the first in everything, the others in what is compared; write rows and page.

    Args:
        trained: Networks that were trained on one task.
        spec: How closely they are looked at.
        folder: Where `probe.json`, `records.jsonl`, `index.html` and `figures/` go.
        workers: For the description of the machine.

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
    less = spec.replace(probed=0, prompts=0)
    rows = [row for i, one in enumerate(trained) for row in examine(one.network, _subject(one), less if i else spec)]
    published = [*published_rows(task, spec)]
    write_records(folder / RECORDS, [*rows, *published])
    settings = {name: value for name, value in spec.to_json().items() if name != "shown"}
    probe = Probe(
        task=task.to_json(),
        metric=task.metric,
        zero_error=task.zero_error,
        networks=tuple(_looked(one) for one in trained),
        note=applies(task),
        settings={"shown": list(spec.shown_on(task.length)), **settings},
        measured=spec.measured_on(task.length),
        environment=describe_environment(workers or Workers()),
        published=SOURCE if published else "",
    )
    write_probe(folder, probe)
    return write_probe_page(folder)


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
