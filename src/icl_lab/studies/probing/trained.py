"""Trained networks, as their folders have them."""

from dataclasses import dataclass
from pathlib import Path

from icl_lab.models.network import Network
from icl_lab.training.run import load_checkpoint
from icl_lab.training.spec import RunSpec


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Args:
        folder: Of its run.
        spec: Of its run.
        network: On the CPU, in evaluation mode.
        step: Optimiser steps it was trained for.
        label: What rows call it.
    """

    folder: Path
    spec: RunSpec
    network: Network
    step: int
    label: str


def load_trained(folder: Path, file: Path | None = None, label: str = "") -> Trained:
    """The network in a run's folder, as its newest checkpoint or a given one has it.

    Args:
        folder: Of the run.
        file: The checkpoint.
        label: What rows are to call it; the network's own label by default.

    Raises:
        UserError: There is no run, or no such checkpoint.
        DamagedFile: A file of the folder cannot be read.
    """
    spec, network, step = load_checkpoint(folder, file)
    return Trained(folder, spec, network, step, label or network.label)
