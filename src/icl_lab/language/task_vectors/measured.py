"""Task vectors of few-shot tasks: which questions are asked, what is kept, and the accuracy layer by layer.

What is put where is `patching.py`'s matter. Here: a prompt of five demonstrations and a dummy query shows a task,
and the queries of the same set are asked without demonstrations, one layer patched at a time; and, for comparison,
unpatched, without demonstrations and after them. Right is the first token of the output and nothing else, so that tasks
of different judgements are on one scale.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import write_atomic
from icl_lab.core.records import Record
from icl_lab.language.asking.answers import FOLDER, Unit
from icl_lab.language.asking.one_task import possible_shots
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LanguageTask
from icl_lab.language.measures.intervals import measured
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.prompts.draws import draw_sets
from icl_lab.language.prompts.filter import Usable
from icl_lab.language.spec import FewShot, stream_of
from icl_lab.language.task_vectors.patching import Kind, Question, prompted_right, task_vector_accuracy

SHOTS = 5
UNPATCHED = "task_vector_unpatched_mean"

Counts = dict[int, list[tuple[int, int]]]
"""Layer, or number of demonstrations -> of each set how many were right, and how many were asked."""


def vector_questions(task: LanguageTask, usable: Usable, spec: FewShot, num_queries: int) -> list[list[Question]]:
    """The questions, set by set; the questions of a set are shown the same demonstrations and dummy query."""
    found, space, template = [], " " if usable.spaced else "", spec.template
    for one in draw_sets(task.pairs(), usable.pairs, stream_of(task, 0), num_queries, spec.per_set, "true"):
        dummy = one.demonstrations[SHOTS].input
        before = template.demonstrations(one.demonstrations[:SHOTS], spaced=usable.spaced)
        shown = before + template.query(dummy, spaced=usable.spaced)
        found.append(
            [
                Question(
                    shown=shown,
                    asked=template.query(query.input, spaced=usable.spaced),
                    answer=space + query.output,
                    before=before,
                )
                for query in one.queries
            ]
        )
    return found


def measure_vectors(
    model: CausalModel, plan: Plan, task: LanguageTask, spec: FewShot, folder: Path, num_queries: int, kind: Kind
) -> list[Record]:
    """The accuracy of a task with each layer patched; read from the folder where it was measured before.

    Returns:
        A record a layer (`step`), `task_vector_<kind>_mean`; none where the task has too few pairs.
    """
    counts = _kept(plan, task, spec, folder, num_queries, kind, lambda sets: _patched(model, sets, kind))
    return [_record(plan, task, spec, f"task_vector_{kind}_mean", sets, SHOTS, layer) for layer, sets in counts]


def measure_unpatched(
    model: CausalModel, plan: Plan, task: LanguageTask, spec: FewShot, folder: Path, num_queries: int
) -> list[Record]:
    """The accuracy on the same questions, without a demonstration and after `SHOTS`: `task_vector_unpatched_mean`."""
    counts = _kept(plan, task, spec, folder, num_queries, "unpatched", lambda sets: _unpatched(model, sets))
    return [_record(plan, task, spec, UNPATCHED, sets, shots, None) for shots, sets in counts]


def kinds_of(model: CausalModel) -> tuple[Kind, ...]:
    """What can be patched: what layers hand on, and of a recurrent model also what they remember."""
    _, state = model.read([model.encode_prompt("a b c")])
    return ("residual", "state") if state is not None and state.recurrent else ("residual",)


def category_records(records: Sequence[Record], spec: FewShot) -> list[Record]:
    """Means over the tasks of a category, layer by layer."""
    groups = {task.title: task.group for task in spec.tasks}
    cells: dict[tuple[str, str, str, int | None, int | None], list[Record]] = {}
    for one in records:
        cells.setdefault((one.predictor, one.metric, groups[one.task], one.shown, one.step), []).append(one)
    return [
        Record(
            run=members[0].run, predictor=predictor, task=group, metric=f"category_{metric}",
            value=float(np.mean([one.value for one in members])), shown=shown, step=layer, num_prompts=len(members),
        )
        for (predictor, metric, group, shown, layer), members in cells.items()
    ]  # fmt: skip


def _kept(
    plan: Plan,
    task: LanguageTask,
    spec: FewShot,
    folder: Path,
    num_queries: int,
    name: str,
    measure: Callable[[Sequence[Sequence[Question]]], Counts],
) -> list[tuple[int, list[tuple[int, int]]]]:
    """Counts from the folder, measured and written where they are not there; none where the task has too few pairs."""
    usable = plan.usable[task.title]
    if SHOTS + 1 not in possible_shots(usable, spec.replace(shots=(SHOTS + 1,))):
        return []
    unit = Unit(plan.model, task, usable, "true", 0, plan.weights)
    path = folder / FOLDER / f"{unit.digest(spec.replace(num_queries=num_queries))}-{name}.json.gz"
    counts = read_counts(path)
    if not counts:
        counts = measure(vector_questions(task, usable, spec, num_queries))
        data = json.dumps({str(layer): sets for layer, sets in counts.items()})
        write_atomic(path, gzip.compress(data.encode(), mtime=0))
    return sorted(counts.items())


def _patched(model: CausalModel, sets: Sequence[Sequence[Question]], kind: Kind) -> Counts:
    counts: Counts = {}
    for questions in sets:
        for found in task_vector_accuracy(model, questions, kind=kind):
            counts.setdefault(found.layer, []).append((found.correct, found.asked))
    return counts


def _unpatched(model: CausalModel, sets: Sequence[Sequence[Question]]) -> Counts:
    return {
        shots: [(prompted_right(model, questions, demonstrations=shots > 0), len(questions)) for questions in sets]
        for shots in (0, SHOTS)
    }


def _record(
    plan: Plan,
    task: LanguageTask,
    spec: FewShot,
    metric: str,
    sets: Sequence[tuple[int, int]],
    shots: int,
    layer: int | None,
) -> Record:
    found = measured([right for right, _ in sets], [asked for _, asked in sets])
    low, high = found.ends
    return Record(
        run=spec.digest(), predictor=plan.model, task=task.title, metric=metric, value=found.value, low=low, high=high,
        shown=shots, step=layer, num_prompts=sum(asked for _, asked in sets),
    )  # fmt: skip


def read_counts(path: Path) -> Counts:
    """The counts in a file; nothing where there is no file.

    Raises:
        DamagedFile: The file cannot be read.
    """
    if not path.exists():
        return {}
    try:
        data = json.loads(gzip.decompress(path.read_bytes()))
        counts = {int(layer): [(int(right), int(asked)) for right, asked in sets] for layer, sets in data.items()}
        if not counts or not all(
            sets and all(0 <= right <= asked > 0 for right, asked in sets) for sets in counts.values()
        ):
            raise ValueError("expected of each layer how many were right, and asked")
        return counts
    except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError) as trouble:
        raise DamagedFile(path, f"no task vectors ({trouble})", "remove it to measure again") from None
