"""Asks every model that a command line names, shows how far it has come, and writes what came out."""

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icl_lab.cli.console import STOPPED, note, progress
from icl_lab.cli.fewshot.folder import only_if_it_succeeds
from icl_lab.cli.fewshot.progress import Shown
from icl_lab.cli.fewshot.stopping import sigterm_as_ctrl_c, unfinished, write_finished
from icl_lab.core.durations import duration
from icl_lab.core.errors import UserError
from icl_lab.core.files import exclusive
from icl_lab.core.records import Record
from icl_lab.language.asking.lists import check_lists, most_shown, numbers_with_a_list
from icl_lab.language.asking.plan import Plan, carry_out, plan
from icl_lab.language.folder import write_results
from icl_lab.language.models import NAMED, find, load
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.models.hub import looked_in
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import Counted, count_vectors
from icl_lab.language.task_vectors.records import vector_records
from icl_lab.report.fewshot.data import FewShotResults, read_fewshot
from icl_lab.report.fewshot.page import write_fewshot_page


@dataclass(frozen=True)
class Outcome:
    """How an evaluation ended.

    Args:
        found: What is finished.
        page: Where it is shown; none where a page that holds more was left as it is.
        stopped: What is to be said of a stopped one; empty where everything was asked.
    """

    found: FewShotResults
    page: Path | None
    stopped: str = ""


@dataclass
class _Progress:
    """What is known so far, by model."""

    plans: dict[str, Plan] = field(default_factory=dict)
    notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    vectors: dict[str, list[Counted]] = field(default_factory=dict)
    patched: set[tuple[str, str]] = field(default_factory=set)  # model and task

    def records_of_vectors(self, spec: FewShot) -> list[Record]:
        """The records of the task vectors that were measured."""
        return [
            row for name, counted in self.vectors.items() for row in vector_records(self.plans[name], spec, counted)
        ]


def evaluate(models: Sequence[str], spec: FewShot, folder: Path, device: str, vectors: int) -> Outcome:
    """Ask models what is not answered yet, write the records of everything, and draw the page.

    Args:
        models: Names; all are found before the first is asked.
        spec: What is asked.
        folder: Where answers and records are kept.
        device: Where models run.
        vectors: Queries of a task for task vectors; 0 for none.

    Raises:
        UserError: A model cannot be had, or asked this.
        KeyboardInterrupt: It was stopped before anything was finished.
    """
    spec = within_lists(spec)
    places = {name: find(name) for name in models}
    with only_if_it_succeeds(folder), exclusive(folder), sigterm_as_ctrl_c():
        known = _Progress()
        try:
            for name, place in places.items():
                note(f"loading {name}" if place.local else f"loading {name}: looking for {looked_in(place)}")
                model = load(name, device=device)
                _ask(model, name, spec, folder, known)
                if vectors:
                    _patch(model, name, spec, folder, vectors, known)
        except KeyboardInterrupt:
            return _stopped(models, spec, folder, vectors, known)
        write_results(folder, spec, known.plans, known.notes, known.records_of_vectors(spec))
        page = write_fewshot_page(folder)
        return Outcome(read_fewshot(folder), page)


def within_lists(spec: FewShot) -> FewShot:
    """The same without the numbers of demonstrations that no list allows; says what is left out of which task.

    Raises:
        UserError: Nothing is left.
    """
    check_lists(spec)
    too_few = {title: [str(count) for count in spec.shots if count > most] for title, most in most_shown(spec).items()}
    if any(too_few.values()):
        most = most_shown(spec)
        tasks = ", ".join(f"{title} ({', '.join(counts)}: it can show {most[title]})"
                          for title, counts in too_few.items() if counts)  # fmt: skip
        note(f"too few pairs in the list for so many demonstrations, which are left out: {tasks}")
    return spec.replace(shots=numbers_with_a_list(spec))


def as_part_of_a_path(name: str) -> str:
    """A model's name as one part of a path."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in Path(name).name).strip(".")
        or "model"
    )


def _ask(model: LanguageModel, name: str, spec: FewShot, folder: Path, known: _Progress) -> None:
    known.plans[name] = todo = plan(model, spec, folder)
    known.notes[name] = _notes(model, name)
    most = most_shown(spec)
    short = {title: by_tokens for title, counts in todo.short.items()
             if (by_tokens := [str(count) for count in counts if count <= most[title]])}  # fmt: skip
    if short:
        tasks = ", ".join(f"{title} ({', '.join(counts)})" for title, counts in short.items())
        note(f"{name}: too few outputs of one token for so many demonstrations, which are left out: {tasks}")
    with Shown(progress(), todo) as shown:
        carry_out(todo, model, spec, folder, shown)


def _patch(model: LanguageModel, name: str, spec: FewShot, folder: Path, queries: int, known: _Progress) -> None:
    """Task vectors of every task."""
    if not isinstance(model, CausalModel):
        raise UserError(f"--task-vectors: {model.name} has no layers to patch")
    console, todo, begun = progress(), known.plans[name], time.monotonic()
    counted = known.vectors.setdefault(name, [])
    for place, task in enumerate(spec.tasks, start=1):
        one = count_vectors(model, todo, task, spec, folder, queries)
        counted += [one] if one is not None else []
        known.patched.add((name, task.title))
        left = (time.monotonic() - begun) * (len(spec.tasks) - place) / place
        console.print(
            f"task vectors: {place} of {len(spec.tasks)} tasks, about {duration(left)} left",
            markup=False, highlight=False,
        )  # fmt: skip
    if single := [one.task.title for one in counted if not one.has_halves]:
        note(
            f"{model.name}: no layer is chosen for the task vectors of {', '.join(single)}: their {queries} queries"
            " share one set of demonstrations, and two sets are needed; ask more with --task-vectors"
        )
    if alone := [one.task.title for one in counted if not one.others]:
        note(
            f"{model.name}: no control for the task vectors of {', '.join(alone)}, nor for the mean over tasks: no"
            " other task has outputs of the same format (a space in front, or none)"
        )


def _stopped(models: Sequence[str], spec: FewShot, folder: Path, vectors: int, known: _Progress) -> Outcome:
    """What is finished, written and said; Ctrl-C as it came where nothing is.

    Raises:
        KeyboardInterrupt: Nothing is finished.
    """
    left = unfinished(models, known.plans, spec, folder)
    if vectors:
        without = [name for name in models if any((name, task.title) not in known.patched for task in spec.tasks)]
        left += [f"task vectors of {', '.join(without)}"] if without else []
    more = known.records_of_vectors(spec)
    found, page = write_finished(folder, spec, known.plans, known.notes, more, left)
    said = f"{STOPPED}; not finished: {'; '.join(left)}; no answer is lost" if left else STOPPED
    if found is not None and page is None:
        said += f"; the evaluation in {folder} holds more and is left as it is"
    said += f"; the same command goes on: {shlex.join(['icl', *sys.argv[1:]])}"
    if found is None:
        raise KeyboardInterrupt(said)
    return Outcome(found, page, said)


def _notes(model: LanguageModel, name: str) -> Mapping[str, Any]:
    """What a page says of a model."""
    network = getattr(model, "network", None)
    parameters = sum(one.numel() for one in network.parameters()) if network is not None else None
    licence, about = (NAMED[name].licence, NAMED[name].note) if name in NAMED else ("", "")
    return {"parameters": parameters, "licence": licence, "note": about, "weights": model.fingerprint}
