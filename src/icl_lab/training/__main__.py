"""Train the run of a JSON file: `python -m icl_lab.training run.json --out results`, or the same under `torchrun`."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from icl_lab.core.errors import UserError
from icl_lab.core.files import read_json
from icl_lab.training.observers.live import LiveDisplay
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import launched


def main() -> int:
    """Train, or go on training; the exit status is 0 when the run is finished and 2 for a wrong input."""
    parser = argparse.ArgumentParser(prog="python -m icl_lab.training", description=__doc__)
    parser.add_argument("spec", type=Path, help="JSON file with a run: task, model, training, seed")
    parser.add_argument("--out", type=Path, required=True, help="output folder; the run's is <out>/runs/<digest>")
    parser.add_argument(
        "--device", choices=("cpu", "auto"), default="cpu", help="auto: an accelerator where there is one"
    )
    arguments = parser.parse_args()
    console = Console(stderr=True)
    try:
        spec = RunSpec.from_json(read_json(arguments.spec))
        workers = launched(arguments.device)
        display = LiveDisplay(console, spec.model.short())
        train_run(spec, run_folder(arguments.out, spec), [display] if workers.is_main else [], workers)
    except UserError as trouble:
        console.print(str(trouble), markup=False, highlight=False, soft_wrap=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
