"""Which trained models come with the package, and where they are."""

from pathlib import Path

from icl_lab.core.errors import UnknownName

FOLDER = Path(__file__).parent / "models"


def shipped_names() -> tuple[str, ...]:
    """Task and model of each: `linear_regression/mamba`."""
    return tuple(sorted(file.parent.relative_to(FOLDER).as_posix() for file in FOLDER.glob("*/*/spec.json")))


def shipped_folder(name: str) -> Path:
    """The run's folder of a model that comes with the package.

    Raises:
        UnknownName: There is none of that name; the nearest are given.
    """
    if name not in (names := shipped_names()):
        raise UnknownName("trained model", name, names)
    return FOLDER / name


def run_at(path: Path) -> Path:
    """A path as it is, or the folder of the trained model that it names where nothing is at that path.

    Raises:
        UnknownName: There is nothing, and it begins like the name of such a model.
    """
    tasks = {name.partition("/")[0] for name in shipped_names()}
    if path.exists() or path.parent.exists() or path.parent.as_posix() not in tasks:
        return path
    return shipped_folder(path.as_posix())


def is_shipped(folder: Path) -> bool:
    """Whether a run's folder belongs to the package, where nothing is written."""
    return folder.is_relative_to(FOLDER)
