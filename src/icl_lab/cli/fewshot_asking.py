"""Asks every model that a command line names, shows how far it has come, and writes what came out."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from icl_lab.cli.console import STOPPED, note, progress
from icl_lab.cli.fewshot_folder import only_if_it_succeeds
from icl_lab.cli.fewshot_progress import Shown
from icl_lab.core.errors import UserError
from icl_lab.core.files import exclusive
from icl_lab.core.records import Record
from icl_lab.language.asking.plan import Plan, carry_out, plan
from icl_lab.language.folder import write_results
from icl_lab.language.models import NAMED, find, load
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.models.hub import looked_in
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import count_vectors
from icl_lab.language.task_vectors.records import vector_records
from icl_lab.report.fewshot.page import write_fewshot_page
from icl_lab.training.observers.live import duration


def evaluate(models: Sequence[str], spec: FewShot, folder: Path, device: str, vectors: int) -> Path:
    """Ask models what is not answered yet, write the records of everything, and draw the page; returns its path.

    Args:
        models: Names; all are found before the first is asked.
        spec: What is asked.
        folder: Where answers and records are kept.
        device: Where models run.
        vectors: Queries of a task for task vectors; 0 for none.

    Raises:
        UserError: A model cannot be had, or asked this.
    """
    places = {name: find(name) for name in models}
    with only_if_it_succeeds(folder), exclusive(folder):
        plans, notes, more = {}, {}, []
        for name, place in places.items():
            note(f"loading {name}" if place.local else f"loading {name}: looking for {looked_in(place)}")
            model = load(name, device=device)
            plans[name], notes[name] = _asked(model, name, spec, folder)
            if vectors:
                more += _vectors(model, plans[name], spec, folder, vectors)
        write_results(folder, spec, plans, notes, more)
        return write_fewshot_page(folder)


def as_part_of_a_path(name: str) -> str:
    """A model's name as one part of a path."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in Path(name).name).strip(".")
        or "model"
    )


def _vectors(model: LanguageModel, todo: Plan, spec: FewShot, folder: Path, queries: int) -> list[Record]:
    """Task vectors of every task, and their means."""
    if not isinstance(model, CausalModel):
        raise UserError(f"--task-vectors: {model.name} has no layers to patch")
    console, counted, begun = progress(), [], time.monotonic()
    for place, task in enumerate(spec.tasks, start=1):
        one = count_vectors(model, todo, task, spec, folder, queries)
        if one is not None:
            counted.append(one)
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
    return vector_records(todo, spec, counted)


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
