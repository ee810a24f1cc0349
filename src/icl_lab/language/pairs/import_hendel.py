"""Reads the lists of pairs of Hendel et al. 2023 where a user has them; they have no licence and are not shipped.

Their folder holds `<category>/<name>.json`, each a JSON object input -> output.
"""

from pathlib import Path

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json
from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.csv_lists import write_pairs
from icl_lab.language.pairs.listed import ListedTask


def import_hendel(source: Path, target: Path) -> dict[str, int]:
    """Write `<our name>.csv` for every list that is there; returns how many pairs each has.

    Args:
        source: Their `data` folder, or the folder it is in.
        target: Where to write.

    Raises:
        UserError: None of the lists is there.
        DamagedFile: One is no object of texts.
    """
    found: dict[str, int] = {}
    wanted: list[Path] = []
    for name in LANGUAGE_TASKS.names():
        task = LANGUAGE_TASKS.get(name)
        if not issubclass(task, ListedTask):
            continue
        category, _, stem = task.published.partition("_")
        places = [folder / category / f"{stem}.json" for folder in (source, source / "data")]
        wanted.append(places[0])
        path = next((place for place in places if place.is_file()), None)
        if path is not None:
            pairs = _read(path)
            write_pairs(target / f"{name}.csv", pairs)
            found[name] = len(pairs)
    if not found:
        raise UserError(f"no list of Hendel et al. in {source}: expected files such as {wanted[0]}")
    return found


def _read(path: Path) -> list[Pair]:
    data = read_json(path)
    if not isinstance(data, dict) or not all(isinstance(output, str) for output in data.values()):
        raise DamagedFile(path, "expected a JSON object of texts, input -> output", "take the file as it was published")
    return [
        Pair(given.strip(), (output.strip(),)) for given, output in data.items() if given.strip() and output.strip()
    ]
