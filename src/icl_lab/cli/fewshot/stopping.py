"""What a few-shot evaluation that is stopped leaves: tables of what is finished, and a page if none was richer."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from icl_lab.core.errors import UserError
from icl_lab.core.records import Record
from icl_lab.language.asking.finished import finished, missing, named, restricted
from icl_lab.language.asking.plan import Plan
from icl_lab.language.folder import FEWSHOT, write_results
from icl_lab.language.spec import FewShot
from icl_lab.report.fewshot.data import FewShotResults, read_fewshot
from icl_lab.report.fewshot.page import write_fewshot_page

COLUMNS = ("metric", "predictor", "task", "shift", "shown", "step", "seed", "num_prompts")


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Inside, SIGTERM does what Ctrl-C does; in another thread than the main one it does what it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def unfinished(models: Sequence[str], plans: Mapping[str, Plan], spec: FewShot, folder: Path) -> list[str]:
    """What is missing, a line a model; nothing where everything is answered."""
    gaps = {name: missing(plans[name], spec, folder) if name in plans else None for name in models}
    return [f"all of {name}" if one is None else f"of {name} {named(one)}"
            for name, one in gaps.items() if one is None or one]  # fmt: skip


def write_finished(
    folder: Path,
    spec: FewShot,
    plans: Mapping[str, Plan],
    notes: Mapping[str, Mapping[str, Any]],
    more: Sequence[Record],
    left: Sequence[str],
) -> tuple[FewShotResults | None, Path | None]:
    """Sum up what is finished; draw the page, unless an earlier one in the folder holds something else or more.

    Returns:
        What is finished, if anything is, and the page, if it was drawn.
    """
    done = {name: one for name, plan in plans.items() if (one := finished(plan, spec, folder)).steps}
    kept = restricted(spec, done)
    if kept is None:
        return None, None
    with TemporaryDirectory() as beside:
        write_results(Path(beside), kept, done, notes, more, unfinished=left, answers=folder)
        found = read_fewshot(Path(beside))
    if (folder / FEWSHOT).exists() and not _covers(found, folder):
        return found, None
    write_results(folder, kept, done, notes, more, unfinished=left)
    return found, write_fewshot_page(folder)


def _covers(found: FewShotResults, folder: Path) -> bool:
    """Whether there is every number of the evaluation in a folder, of as many queries and tasks at least."""
    try:
        before = _counts(read_fewshot(folder))
    except UserError:  # what cannot be read is left for its owner to look at
        return False
    now = _counts(found)
    return all(now.get(key, -1) >= count for key, count in before.items())


def _counts(found: FewShotResults) -> dict[tuple[Any, ...], int]:
    rows = found.records.filter(pl.col("run") != "published").select(COLUMNS).iter_rows()
    return {row[:-1]: row[-1] or 0 for row in rows}
