"""A run and its folder: train what is not trained yet, go on where it was interrupted, read back what is done.

A run's folder is `<out>/runs/<digest of its spec>/` and holds `spec.json`, `environment.json`, `records.jsonl` (the
training curve), `checkpoint.safetensors` and `checkpoint.previous.safetensors`.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from icl_lab.core.errors import DamagedFile, Stopped, UserError
from icl_lab.core.files import exclusive, inside, read_json, write_json
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network
from icl_lab.training.checkpoint import Checkpoints
from icl_lab.training.environment import describe_environment
from icl_lab.training.loop import Diverged, Trainer
from icl_lab.training.observers.base import Observer
from icl_lab.training.observers.training_curve import TrainingCurve
from icl_lab.training.result import StepResult
from icl_lab.training.snapshot import load_model
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers

Clock = Callable[[], float]


def run_folder(out: Path, spec: RunSpec) -> Path:
    """Where the files of a run are, inside an output folder."""
    return inside(out / "runs", spec.digest())


def train(
    spec: RunSpec, observers: Sequence[Observer] = (), workers: Workers | None = None, clock: Clock = time.perf_counter
) -> Network:
    """Train in memory, without files.

    Raises:
        Diverged: A loss, gradient or weight is not finite.
    """
    trainer = Trainer(spec, workers, clock)
    _watch(trainer, observers, after_step=lambda result: None)
    return trainer.network.eval()


def train_run(
    spec: RunSpec,
    folder: Path,
    observers: Sequence[Observer] = (),
    workers: Workers | None = None,
    clock: Clock = time.perf_counter,
) -> Network:
    """Train a run in its folder: from the start, from its last checkpoint, or not at all where it is finished.

    Args:
        spec: The run.
        folder: Its folder, as `run_folder` names it; made where it is missing.
        observers: Who is told of each step; on process 0 only.
        workers: Device and processes.
        clock: Seconds since some moment.

    Returns:
        The trained network, in evaluation mode.

    Raises:
        Diverged: With the step and the last good checkpoint, which is kept.
        DamagedFile: A file of the folder cannot be read; nothing was overwritten.
        UserError: The folder belongs to another run, or another process is at work in it.
        Stopped: An observer raised it; the step is in a checkpoint, from which the next call goes on.
    """
    workers = workers or Workers()
    snapshot = Checkpoints(folder, spec.digest()).load()
    is_finished = snapshot is not None and snapshot.progress.finished  # nobody writes there any more: many may read
    with exclusive(folder) if workers.is_main and not is_finished else nullcontext():
        return _train_in(folder, spec, observers, workers, clock)


def _train_in(folder: Path, spec: RunSpec, observers: Sequence[Observer], workers: Workers, clock: Clock) -> Network:
    checkpoints = Checkpoints(folder, spec.digest())
    trainer = Trainer(spec, workers, clock)
    _restore(trainer, checkpoints)
    if trainer.progress.finished:
        return trainer.network.eval()
    if workers.is_main:
        _claim(folder, spec, workers, resumed=trainer.progress.step > 0)
        observers = (TrainingCurve(folder / "records.jsonl", trainer.network.label), *observers)

    def keep(result: StepResult) -> None:
        due = result.step % spec.training.checkpoint_interval == 0 or trainer.progress.finished
        if due and workers.is_main:
            checkpoints.save(trainer.snapshot())

    try:
        _watch(trainer, observers if workers.is_main else (), after_step=keep)
    except Diverged as trouble:
        good = checkpoints.newest
        where = f"the last good checkpoint is {good}" if good else "no checkpoint was written before it"
        raise Diverged(f"{trouble}; {where}") from None
    except Stopped:  # raised by an observer, so between two steps
        if workers.is_main:
            checkpoints.save(trainer.snapshot())
        raise
    workers.wait()
    return trainer.network.eval()


def load_run(folder: Path) -> tuple[RunSpec, Network]:
    """The spec of a run and its network as the newest checkpoint has it, on the CPU, in evaluation mode.

    Raises:
        UserError: There is no run, or none with a checkpoint, in the folder.
        DamagedFile: A file of the folder cannot be read.
    """
    spec, network, _ = load_checkpoint(folder)
    return spec, network


def load_checkpoint(folder: Path, file: Path | None = None) -> tuple[RunSpec, Network, int]:
    """The spec of a run, its network as a checkpoint has it, and the optimiser steps done by then.

    Args:
        folder: Of the run.
        file: The checkpoint, as `Checkpoints` wrote it; the newest by default.

    Raises:
        UserError: There is no run, or none with a checkpoint, in the folder.
        DamagedFile: A file of the folder cannot be read.
    """
    spec = _read_spec(folder)
    checkpoints = Checkpoints(folder, spec.digest())
    snapshot, path = checkpoints.load(file), file or checkpoints.newest
    if snapshot is None or path is None:
        raise UserError(f"no checkpoint in {folder}: train the run first")
    network = spec.model.build(spec.task, Stream(spec.seed))
    try:
        load_model(network, snapshot.tensors)
    except UserError as trouble:
        raise checkpoints.damaged(path, str(trouble)) from None
    return spec, network.eval(), snapshot.progress.step


def _watch(trainer: Trainer, observers: Sequence[Observer], after_step: Callable[[StepResult], None]) -> None:
    begun: list[Observer] = []
    try:
        for observer in observers:
            begun.append(observer)
            observer.begin(trainer.spec, trainer.progress.step)
        for result in trainer.steps():
            for observer in observers:
                observer.observe(result)
            # After the observers, so that no checkpoint is ahead of the records.
            after_step(result)
    finally:
        for observer in reversed(begun):
            observer.end()


def _restore(trainer: Trainer, checkpoints: Checkpoints) -> None:
    snapshot = checkpoints.load()
    if snapshot is None or checkpoints.newest is None:
        return
    try:
        trainer.restore(snapshot)
    except UserError as trouble:
        raise checkpoints.damaged(checkpoints.newest, str(trouble)) from None


def _claim(folder: Path, spec: RunSpec, workers: Workers, *, resumed: bool) -> None:
    """Say whose folder this is and what it runs on; a folder that is another run's is left alone."""
    path = folder / "spec.json"
    if path.exists() and (held := _read_spec(folder).digest()) != spec.digest():
        raise UserError(f"{folder} belongs to run {held}, not to {spec.digest()}: choose another folder")
    write_json(path, spec.to_json())
    _note_environment(folder / "environment.json", describe_environment(workers), resumed=resumed)


def _note_environment(path: Path, now: dict[str, object], *, resumed: bool) -> None:
    """The environment a run started in; where it went on in another one, that one too, under `resumed`."""
    if not (resumed and path.exists()):
        write_json(path, now)
        return
    first = read_json(path)
    later = first.pop("resumed", []) if isinstance(first, dict) else []
    last = later[-1] if later else first
    if now != last:
        later = [*later, now]
    write_json(path, first | ({"resumed": later} if later else {}))


def _read_spec(folder: Path) -> RunSpec:
    path = folder / "spec.json"
    try:
        return RunSpec.from_json(read_json(path))
    except DamagedFile:
        raise
    except UserError as trouble:
        if not path.exists():
            raise UserError(f"no run in {folder}: expected {path.name} there") from None
        raise DamagedFile(path, str(trouble), "restore it, or move the folder away and train again") from None
