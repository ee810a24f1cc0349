"""The folder of `icl probe`: `probe.json`, what was looked at and how, and `records.jsonl`, what was found.

Which rows there are is said in `probing/examination/`; beside them, for tasks of a published size, those of

    published_layer_error      a published error over depth: `predictor` whose, `about` its figure, `block` its layer
    published_layer_scale      likewise a published mean scale
    published_layer_shift      and a published mean shift
    published_layers           how many layers that curve has
    iterate_error              error of gradient descent or GD++ after `block` steps; methods and no networks
    published_iterate_error    a published one
    gd_plus_plus_error         error of GD++ after 24 steps, a method and no network; `about` its gamma
    published_gd_plus_plus_error    a published one
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.core.records import SCHEMA, read_records
from icl_lab.report.words import EXAMPLES, Measure

PROBE, RECORDS = "probe.json", "records.jsonl"
FOREIGN = ("spec.json", "comparison.json")
"""Files of runs and comparisons, whose folders have records of their own."""
DAMPING, PUBLISHED_DAMPING = "gd_plus_plus_error", "published_gd_plus_plus_error"
ITERATE, PUBLISHED_ITERATE = "iterate_error", "published_iterate_error"
PROBING = "probing"
"""In the folder of a part: a probe of each of its models, `probing/<label>/`."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One network that was looked at.

    Args:
        run: Digest of its run.
        label: Its label.
        seed: Of its training.
        step: Optimiser steps it was trained for.
        planned: Optimiser steps of the whole training; 0 where that is not known.
        blocks: The mixer of each block.
        spec: Its run's exact spec.
    """

    run: str
    label: str
    seed: int = 0
    step: int = 0
    planned: int = 0
    blocks: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a page is made of.

    Args:
        task: The task's exact spec.
        metric: Its metric.
        zero_error: Error of the predictor that always says zero; chance, where answers are right or wrong.
        complement: Name of 1 - error, where answers are right or wrong; empty otherwise.
        axis: What is counted before a question.
        networks: What was looked at; one, or several trainings or checkpoints.
        note: What does not apply to this task; empty where everything does.
        settings: How closely it was looked at, name -> value.
        measured: Digest of these settings and of how they are measured; empty in the folders of older versions.
        environment: Versions and machine, name -> value.
        published: Where published curves come from; empty where there are none.
        records: The rows; not part of `probe.json`.
    """

    task: Mapping[str, Any]
    metric: str
    zero_error: float
    complement: str = ""
    axis: str = EXAMPLES
    networks: tuple[Looked, ...]
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    measured: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    published: str = ""
    records: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA), repr=False, compare=False)

    @property
    def measure(self) -> Measure:
        """What errors are, in words."""
        return Measure(self.metric, self.complement, self.axis)

    def read_out(self, network: Looked) -> str:
        """The metric of errors by block: with scale and shift, where labels are numbers that these were fitted to."""
        fitted = len(self.of(network, "layer_error"))
        return "layer_error" if fitted else "layer_plain_error"

    def of(self, network: Looked, metric: str, **where: object) -> pl.DataFrame:
        """Rows of a network in a metric, in the order of blocks; `where` gives values of columns."""
        mine = (pl.col("run") == network.run) & (pl.col("metric") == metric)
        if network.step:
            mine &= pl.col("step").is_null() | (pl.col("step") == network.step)
        rows = self.records.filter(mine)
        for column, value in where.items():
            rows = rows.filter(pl.col(column) == value if value is not None else pl.col(column).is_null())
        return rows.sort("block", maintain_order=True, nulls_last=True)

    def shown(self, network: Looked) -> list[int]:
        """After how many examples blocks were read off, ascending; none where prompts are scored as a whole."""
        return sorted(self.of(network, self.read_out(network))["shown"].drop_nulls().unique().to_list())

    def end(self, network: Looked) -> int | None:
        """Of these numbers the one that most is said about: the last within the context of the training, if any is."""
        points, length = self.shown(network), network.spec.get("task", {}).get("length", math.inf)
        return max((point for point in points if point < length), default=max(points, default=None))


def write_probe(folder: Path, probe: Probe) -> None:
    """Write `probe.json`; the records are written by whoever measures."""
    data = {name: getattr(probe, name) for name in vars(probe) if name != "records"}
    write_json(folder / PROBE, data | {"networks": [asdict(one) for one in probe.networks]})


def check_free(folder: Path, run: str) -> None:
    """Whether the probe of a run may be written into a folder: a new or empty one, or that of a probe of the same run.

    Args:
        folder: Where it would go.
        run: Digest of the first run that is looked at.

    Raises:
        UserError: It is a file or holds something else, which would be overwritten.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    foreign = [name for name in FOREIGN if (folder / name).exists()]
    if foreign:
        what = f"it holds {foreign[0]}, a result of its own"
    elif (held := _held(folder)) is None:
        what = f"no {PROBE} that can be read is in it"
    elif held[0] != run:
        what = f"it holds the probe of another run, {held[1]} {held[0]}"
    else:
        return
    raise UserError(
        f"cannot write a probe to {folder}: expected a new or empty folder, or that of an earlier probe of this run, "
        f"and {what}; choose another with --out"
    )


def _held(folder: Path) -> tuple[str, str] | None:
    """Digest and label of the first run that the probe in a folder is of; none where there is no probe."""
    try:
        first = read_json(folder / PROBE)["networks"][0]
        return first["run"], first["label"]
    except (UserError, OSError, LookupError, TypeError):
        return None


def _whole(path: Path) -> pl.DataFrame:
    """All rows of a probe. They are written at once: a file that is not there or breaks off is a damaged one."""
    content = path.read_bytes() if path.is_file() else None
    if content is None or content[-1:] not in (b"", b"\n"):
        what = "there is no such file" if content is None else "it breaks off in the middle of a line"
        raise DamagedFile(path, what, "restore it, or probe the run again")
    return read_records(path)


def read_probe(folder: Path) -> Probe:
    """Read what `write_probe` wrote, with its records.

    Raises:
        UserError: There is nothing of that kind in the folder.
        DamagedFile: It cannot be read.
    """
    path = folder / PROBE
    if not path.is_file():
        raise UserError(f"no probe in {folder}: expected {PROBE} there, as `icl probe` writes it")
    data = read_json(path)
    try:
        networks = tuple(Looked(**{**one, "blocks": tuple(one["blocks"])}) for one in data.pop("networks"))
        return Probe(**data, networks=networks, records=_whole(folder / RECORDS))
    except (TypeError, KeyError, AttributeError) as trouble:
        raise DamagedFile(path, f"not what `icl probe` writes ({trouble})", "probe the run again") from None
