"""What `icl list` and `icl describe` say of the trained models that come with the package."""

from icl_lab.cli.console import print_json, results
from icl_lab.core.files import read_json
from icl_lab.shipped.finding import shipped_folder
from icl_lab.training.checkpoint import Checkpoints
from icl_lab.training.spec import RunSpec

TRAINED = "trained"
"""Their kind in `icl list`. They are runs, not components, and so in no registry."""


def trained_summary(name: str) -> str:
    """What was trained on what, and for how long, in a sentence."""
    spec, step = _spec_and_step(name)
    prompts = f"{step:,} steps of {spec.training.batch} prompts"
    return f"{spec.model.short()} on {spec.task.short()}: {prompts}, seed {spec.seed}."


def describe_trained(name: str, *, as_json: bool) -> None:
    """Print what a trained model is, where it lies, and what to do with it."""
    spec, step = _spec_and_step(name)
    if as_json:
        entry = {"kind": TRAINED, "name": name, "summary": trained_summary(name), "fields": [], "step": step}
        print_json([entry | {"folder": str(shipped_folder(name)), "spec": spec.to_json()}])
        return
    console = results()
    console.print(f"[bold]{name}[/bold] (trained)  {trained_summary(name)}")
    console.print(f"folder: {shipped_folder(name)}", markup=False, soft_wrap=True)
    console.print(f"try: icl evaluate {name}\n     icl probe {name}\n", markup=False)
    console.print("spec: ", end="")
    console.print_json(data=spec.to_json())


def _spec_and_step(name: str) -> tuple[RunSpec, int]:
    folder = shipped_folder(name)
    spec = RunSpec.from_json(read_json(folder / "spec.json"))
    snapshot = Checkpoints(folder, spec.digest()).load()
    return spec, snapshot.progress.step if snapshot else 0
