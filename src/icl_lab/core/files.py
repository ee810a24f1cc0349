"""Files that are never half written: write beside, flush to the disk, then rename over."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from icl_lab.core.errors import AtWork, DamagedFile, UserError


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old content or the new, never a mixture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically, indented for people."""
    write_atomic(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        UserError: There is no such file.
        DamagedFile: The file is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"no file {path}: expected a JSON file there") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as trouble:
        raise DamagedFile(path, f"not JSON ({trouble})", "restore it, or move it away and run again") from None


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a folder while this process writes there; the lock goes with the process, however it ends.

    Raises:
        AtWork: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        if sys.platform != "win32":  # Windows has no such lock; two processes there are not told apart
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AtWork(f"another process is at work in {folder}: wait for it, or stop it") from None
        yield


def make_folder(out: Path) -> None:
    """Make a folder before anything is trained: to find out after hours that it cannot be made loses them.

    Raises:
        UserError: It cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise UserError(f"{out} cannot be made a folder ({trouble.strerror}): give another --out") from None


def inside(folder: Path, name: str) -> Path:
    """`folder / name`, refused where the name would lead outside the folder.

    Names from specs and records may come from strangers; a name is one path component and nothing else.
    """
    if not name or name in (".", "..") or any(letter in name for letter in "/\\:\0") or name.startswith("~"):
        raise UserError(f"{name!r} cannot be a file name inside {folder}: expected letters, digits, '_', '-', '.'")
    return folder / name
