"""GGUF files as `transformers` reads them fast: expanded once, kept in the user's cache.

Reading a GGUF file takes `transformers` some 20 seconds, of which the numbers are two; the expanded copy (float32,
about five times the size) takes less than one. Folders of this cache may be deleted at any time.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from icl_lab.language.models.places import cache_folder


def expanded(gguf: Path, write: Callable[[Path], None]) -> Path | None:
    """The folder with the expanded copy of a GGUF file, written by `write` where there is none yet.

    None where the cache cannot be written.
    """
    with gguf.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    folder = cache_folder() / "expanded" / f"{gguf.stem}-{digest}-transformers-{version('transformers')}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    except OSError:
        return None
    try:
        write(beside)
        os.rename(beside, folder)
    except OSError:
        # A full disk, or another process was first.
        return folder if folder.is_dir() else None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
