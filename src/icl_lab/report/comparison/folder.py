"""The two files of a comparison's folder, written and read; what is in them is said in `data.py`."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.core.records import has_records, read_records
from icl_lab.report.comparison.data import Comparison, Entry, Kind, Published
from icl_lab.report.words import EXAMPLES

COMPARISON, RECORDS = "comparison.json", "records.jsonl"
WORDS = ("complement", "scale", "reduced", "task_formula", "task_source", "question")


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `comparison.json`; the records are appended by whoever measures."""
    data = {name: getattr(comparison, name) for name in _names(Comparison) if name != "records"}
    data["predictors"] = [asdict(entry) for entry in comparison.predictors]
    data["published"] = [asdict(one) for one in comparison.published]
    write_json(folder / COMPARISON, data)


def read_comparison(folder: Path) -> Comparison:
    """Read a comparison and its records.

    Raises:
        UserError: There is no comparison in the folder.
        DamagedFile: A file cannot be read, or a key is missing or of the wrong type.
    """
    path = folder / COMPARISON
    if not path.is_file():
        raise UserError(f"no comparison in {folder}: expected {COMPARISON} there, as `icl compare` writes it")
    if not has_records(folder / RECORDS):
        raise UserError(
            f"no {RECORDS} in {folder}: there is nothing to draw; the command that made the folder makes it anew"
        )
    data = _object(path, "the file", read_json(path))
    entries = _typed(path, data, "predictors", list, required=True)
    predictors = tuple(_entry(path, _object(path, f"predictors[{i}]", item)) for i, item in enumerate(entries))
    labels = [entry.label for entry in predictors]
    if not predictors or len(set(labels)) != len(labels):
        raise _damaged(path, f"'predictors' must be one or more, each label once, not {labels}")
    seeds = _typed(path, data, "seeds", list, [0])
    if not all(isinstance(seed, int) for seed in seeds):
        raise _damaged(path, f"'seeds' must be integers, not {seeds}")
    machines = _typed(path, data, "environments", list, [])
    words = {key: _typed(path, data, key, str, "") for key in WORDS}
    return Comparison(
        task=_typed(path, data, "task", dict, required=True),
        metric=_typed(path, data, "metric", str, required=True),
        predictors=predictors,
        axis=_typed(path, data, "axis", str, EXAMPLES),
        refused=_typed(path, data, "refused", dict, {}),
        published=tuple(
            _published(path, _object(path, f"published[{i}]", item))
            for i, item in enumerate(_typed(path, data, "published", list, []))
        ),
        seeds=tuple(seeds),
        settings=_typed(path, data, "settings", dict, {}),
        environments=tuple(_object(path, f"environments[{i}]", item) for i, item in enumerate(machines)),
        records=read_records(folder / RECORDS),
        **words,
    )


def _entry(path: Path, data: Mapping[str, Any]) -> Entry:
    kind = _typed(path, data, "kind", str, required=True)
    if kind not in get_args(Kind):
        raise _damaged(path, f"'kind' must be one of {', '.join(get_args(Kind))}, not {kind!r}")
    return Entry(
        label=_typed(path, data, "label", str, required=True),
        kind=kind,
        spec=_typed(path, data, "spec", dict, {}),
        training=_typed(path, data, "training", dict, {}),
        formula=_typed(path, data, "formula", str, ""),
        source=_typed(path, data, "source", str, ""),
        knows=_typed(path, data, "knows", str, ""),
        kernels=_typed(path, data, "kernels", str, ""),
    )


def _published(path: Path, data: Mapping[str, Any]) -> Published:
    words = {key: _typed(path, data, key, str, required=True) for key in ("predictor", "shift", "figure")}
    exact = _typed(path, data, "exact", bool, False)
    return Published(**words, source=_typed(path, data, "source", str, ""), exact=exact)


def _typed(
    path: Path, data: Mapping[str, Any], key: str, kind: type, default: Any = None, *, required: bool = False
) -> Any:
    if key not in data:
        if required:
            raise _damaged(path, f"the key {key!r} is missing")
        return default
    value = data[key]
    if not isinstance(value, kind):
        raise _damaged(path, f"{key!r} must be {_KINDS[kind]}, not {value!r:.60}")
    return value


_KINDS: dict[type, str] = {str: "text", bool: "true or false", list: "a list", dict: "an object"}


def _object(path: Path, where: str, data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _damaged(path, f"{where} must be an object, not {data!r:.60}")
    return data


def _damaged(path: Path, trouble: str) -> DamagedFile:
    return DamagedFile(path, trouble, "correct it, or move it away and compare again")


def _names(kind: type) -> list[str]:
    return [item.name for item in fields(kind)]
