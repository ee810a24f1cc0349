"""Which trained networks a path means: a run's folder, one of its checkpoints, or a model of a comparison."""

from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.shipped.finding import is_shipped, run_at
from icl_lab.studies.probing.trained import Trained, load_trained


def trained_at(path: Path, model: str = "") -> list[Trained]:
    """The networks that a path means, by seed.

    Args:
        path: A run's folder, a checkpoint in it, a comparison's folder, or that and a model, `results/first/mamba`; or
            a model that comes with the package, `linear_regression/mamba`.
        model: Which model of a comparison, by its name or label.

    Raises:
        UserError: There is none, or there are several models and none is named.
    """
    path = run_at(path)
    if path.suffix == ".safetensors":
        return [_loaded(path.parent, path)]
    if (path / "spec.json").is_file():
        return [_loaded(path, None)]
    if not path.is_dir() and (path.parent / "runs").is_dir():
        path, model = path.parent, model or path.name
    if not (path / "runs").is_dir():
        raise UserError(
            f"no run in {path}: expected a run's folder (OUT/runs/<digest>), a checkpoint in it, or a comparison's, "
            "or a name from `icl list trained`"
        )
    found = [_loaded(folder, None) for folder in sorted((path / "runs").iterdir()) if (folder / "spec.json").is_file()]
    labels = sorted({one.network.label for one in found})
    chosen = [one for one in found if not model or model in (one.network.label, one.spec.model.word)]
    if not chosen:
        raise UserError(f"no model {model!r} in {path}: there are {', '.join(labels) or 'none'}")
    if len({one.network.label for one in chosen}) > 1:
        raise UserError(f"{path} holds several models: name one with --model, of {', '.join(labels)}")
    return sorted(chosen, key=lambda one: one.spec.seed)


def page_folder(trained: Trained) -> Path:
    """Where the page about a network goes by default: into its run's folder, unless that belongs to the package."""
    if is_shipped(trained.folder):
        return Path("results", "probe", f"{trained.folder.parent.name}-{trained.folder.name}")
    return trained.folder / "probe"


def _loaded(folder: Path, file: Path | None) -> Trained:
    if file is not None and not file.is_file():
        raise UserError(f"no file {file}: expected a checkpoint of a run there")
    return load_trained(folder, file)
