"""Trains runs in child processes and kills them: `python -m tests.end_to_end.killed_runs FOLDER`.

One interpreter imports everything once and forks; it trains nothing itself, so that no thread is lost in a fork. For
each run a child trains it untouched, others are killed from outside at random steps, while they go on working, until a
last one ends.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import torch

from icl_lab.core.files import write_json
from icl_lab.core.streams import Stream
from icl_lab.models.presets.mambaformer import MambaFormer
from icl_lab.models.presets.s4 import S4
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.budgets.flops import Flops
from icl_lab.training.observers.base import Observer
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.muon import Muon
from icl_lab.training.result import StepResult
from icl_lab.training.run import train_run
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.schedules.cosine import Cosine
from icl_lab.training.spec import RunSpec
from tests.unit.training.tiny import tiny_run

KILLS = 2
STEPS = 40
GROWTH = Curriculum(
    dims=Ramp(start=1, end=2, increment=1, interval=15), length=Ramp(start=2, end=5, increment=1, interval=7)
)
HYBRID = MambaFormer(d_model=16, num_layers=1, num_heads=2)
COMMON = {
    "steps": STEPS,
    "checkpoint_interval": 3,
    "record_interval": 4,
    "held_out_interval": 10,
    "held_out_prompts": 8,
}
RUNS: dict[str, RunSpec] = {
    "adam": tiny_run(**COMMON, optimiser=Adam(), schedule=Constant(), curriculum=GROWTH),
    "adamw in bf16": tiny_run(**COMMON, schedule=Cosine(), precision="bf16", curriculum=GROWTH),
    "muon in parts and bf16": tiny_run(
        **COMMON, model=HYBRID, optimiser=Muon(), accumulation=3, precision="bf16", curriculum=GROWTH
    ),
    "dropout": tiny_run(**COMMON, model=S4(d_model=8, num_layers=1, dropout=0.2)),
    "a budget in flops": tiny_run(**COMMON, budget=Flops(amount=3e7), curriculum=GROWTH),
}


class Signal(Observer):
    """Writes a byte when a step is reached; what happens then is up to whoever reads it."""

    def __init__(self, descriptor: int, step: int) -> None:
        self.descriptor = descriptor
        self.step = step

    def observe(self, result: StepResult) -> None:
        if result.step == self.step:
            os.write(self.descriptor, b"!")


def in_child(spec: RunSpec, folder: Path, kill_at: int | None = None) -> int:
    """The wait status of a child that trains a run, killed when it reached a step."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            train_run(spec, folder, [Signal(writing, kill_at or 0)])
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    if kill_at is not None and os.read(reading, 1):
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    return os.waitpid(child, 0)[1]


def main(folder: Path) -> None:
    """Train every run both ways, under `<folder>/<number>/whole` and `.../killed`; report how the children ended."""
    torch.set_num_threads(1)
    # Optimisers import this at their first step; once here saves a second or two in each child.
    import_module("torch._dynamo")
    ends = {}
    for number, (name, spec) in enumerate(RUNS.items()):
        draw = Stream(0).child("kills", name).generator()
        steps = sorted(int(step) for step in draw.choice(range(2, STEPS - 10), KILLS, replace=False))
        here = folder / str(number)
        ends[name] = [in_child(spec, here / "whole")]
        ends[name] += [in_child(spec, here / "killed", kill_at=step) for step in steps]
        ends[name].append(in_child(spec, here / "killed"))
    write_json(folder / "ends.json", ends)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
