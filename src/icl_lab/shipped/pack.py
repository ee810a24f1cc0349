"""Making a trained model part of the package: its spec, its environment and its weights, without the optimiser's state.

python -m icl_lab.shipped.pack results/studies/runs/0123456789ab ...
"""

import sys
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.shipped.finding import FOLDER
from icl_lab.training.checkpoint import Checkpoints
from icl_lab.training.run import load_checkpoint
from icl_lab.training.snapshot import Progress, Snapshot, model_tensors


def pack(run: Path, into: Path = FOLDER) -> Path:
    """Copy what it takes to use a finished run's network.

    Args:
        run: Folder of the run.
        into: The folder that gets `<task>/<model>/`.

    Returns:
        The folder that was written.

    Raises:
        UserError: There is no run, it is not finished, or another model has its name.
    """
    spec, network, step = load_checkpoint(run)
    own = Checkpoints(run, spec.digest())
    snapshot = own.load()
    assert snapshot is not None
    if not snapshot.progress.finished:
        raise UserError(f"{run} is not finished: it did {step:,} steps; train it to the end first")
    folder = into / spec.task.spec_name() / spec.model.word
    if (folder / "spec.json").exists() and read_json(folder / "spec.json") != read_json(run / "spec.json"):
        raise UserError(f"{folder} holds another run: move it away first")
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(step=step, total_steps=step, smoothed_loss=snapshot.progress.smoothed_loss)
    Checkpoints(folder, spec.digest()).save(Snapshot(progress, model_tensors(network)))
    (folder / "checkpoint.previous.safetensors").unlink(missing_ok=True)
    for file in ("environment.json", "spec.json"):  # the spec last: a folder with one is whole
        write_json(folder / file, read_json(run / file))
    return folder


if __name__ == "__main__":
    for given in sys.argv[1:]:
        pack(Path(given))
