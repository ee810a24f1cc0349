"""The folder that `icl fewshot` may write to: new, empty, or of a few-shot evaluation."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.language.asking.answers import FOLDER
from icl_lab.language.folder import FEWSHOT, RECORDS

LOCK = ".lock"
BEGUN = {FOLDER, f"{RECORDS}.gz"}
"""What a first evaluation may have left that was killed: answers, and records whose page was not written any more."""


@contextmanager
def only_if_it_succeeds(folder: Path) -> Iterator[None]:
    """Folders that are made meanwhile are gone again if there is an error before anything stands in them.

    Raises:
        UserError: The folder holds something else than a few-shot evaluation; nothing is overwritten.
    """
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    held = {path.name for path in folder.iterdir()} - {LOCK} if folder.is_dir() else set()
    if held and FEWSHOT not in held and not (FOLDER in held and held <= BEGUN):
        raise UserError(f"--out: {folder} is not empty, and holds no few-shot evaluation; name a folder that is new")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out: expected a folder, {folder} is a file")
    try:
        yield
    except BaseException:
        with suppress(OSError):
            if new and {path.name for path in folder.iterdir()} <= {LOCK}:
                (folder / LOCK).unlink(missing_ok=True)
                for one in new:
                    one.rmdir()
        raise
