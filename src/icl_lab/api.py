"""The words of the command line, for notebooks: `task`, `model`, `baseline`, `train`, `learning_curve`."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.registry import Registry
from icl_lab.core.short_form import from_short
from icl_lab.core.specs import field_types
from icl_lab.evaluation.curves import learning_curve
from icl_lab.evaluation.references import baseline_for
from icl_lab.models.named import read_model
from icl_lab.models.network import Network
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.streaming import start
from icl_lab.shipped.finding import shipped_folder
from icl_lab.tasks.base import TASKS, Task
from icl_lab.training.budgets.seconds import Seconds
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.observers.base import Observer
from icl_lab.training.run import load_run, train_run
from icl_lab.training.spec import RunSpec, TrainingSpec

__all__ = ["baseline", "learning_curve", "model", "start", "task", "train", "trained"]


def task(name: str, **fields: Any) -> Task:
    """A task by name: `task("linear_regression", dim=5)`.

    Raises:
        UnknownName: No task is called so; the nearest names are given.
        UserError: A field is unknown or outside its range.
    """
    return _made(TASKS, name, fields)


def model(name: str, **fields: Any) -> Preset:
    """A model by name, not yet trained: `model("mambaformer", d_model=32)`. Errors as for `task`.

    A pattern of blocks is a name too, `model("mamba (attention mamba)*2")`, and so is a name with settings,
    `model("mamba(selective=none)")`, which come before the fields.
    """
    kind, settings = read_model(name)
    return _made(PRESETS, kind.spec_name(), fields).override(settings)


def baseline(name: str, task: Task | None = None, **fields: Any) -> Baseline:
    """A baseline by name: `baseline("ridge", strength=0.5)` or `baseline("ridge(strength=0.5)")`; errors as for `task`.

    With a task it has that task's settings where none is given: `baseline("bayes_parity", task)` knows the sparsity.
    """
    _refuse_unknown(name.partition("(")[0].strip(), BASELINES, fields)
    named = from_short(BASELINES, name) if task is None else baseline_for(task, name)
    assert isinstance(named, Baseline)
    return named.replace(**fields)


def train(
    model: Preset,
    task: Task,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    training: TrainingSpec | None = None,
    folder: Path | str | None = None,
    observers: Sequence[Observer] = (),
) -> Network:
    """Train a model on a task and return the network, ready to predict.

    Args:
        model: What to train.
        task: Where the prompts come from.
        steps: Budget in optimiser steps; of `training` by default.
        seconds: Budget in seconds instead.
        seed: Of weights, prompts and dropout.
        training: Everything else about the training; the recipe of the small scale by default.
        folder: Keeps the run: a finished one is loaded, an interrupted one goes on. Nothing is kept by default.
        observers: Told of every step.

    Raises:
        UserError: Both `steps` and `seconds` are given, or the loss stopped being finite.
    """
    recipe = training or training_at("small", task)
    if steps is not None and seconds is not None:
        raise UserError("train: expected a budget in steps or in seconds, got both")
    if steps is not None:
        recipe = recipe.replace(budget=Steps(amount=steps))
    if seconds is not None:
        recipe = recipe.replace(budget=Seconds(amount=seconds))
    spec = RunSpec(task=task, model=model, training=recipe, seed=seed)
    if folder is not None:
        return train_run(spec, Path(folder), observers)
    with tempfile.TemporaryDirectory(prefix="icl-lab-") as scratch:
        return train_run(spec, Path(scratch), observers)


def trained(name: str) -> Network:
    """A trained network that comes with the package, ready to predict: `trained("linear_regression/mamba")`.

    Its `task` is what it was trained on.

    Raises:
        UnknownName: There is none of that name; `icl list trained` has them.
    """
    return load_run(shipped_folder(name))[1]


def _made(registry: Registry[Any], name: str, fields: dict[str, Any]) -> Any:
    _refuse_unknown(name, registry, fields)
    return registry.get(name)(**fields)


def _refuse_unknown(name: str, registry: Registry[Any], fields: dict[str, Any]) -> None:
    known = field_types(registry.get(name))
    for field in fields:
        if field not in known:
            raise UserError(f"{name} has no field {field!r}: {suggest(field, known)}")
