"""Counts of task vectors on disk: of each set of questions how many were right; a file a task and what was put in."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import write_atomic
from icl_lab.language.measures.crossfit import Counts


def kept(path: Path, measure: Callable[[], Counts]) -> Counts:
    """The counts in a file; measured and written where there is no file."""
    counts = read_counts(path)
    if not counts:
        counts = measure()
        data = json.dumps({str(layer): sets for layer, sets in counts.items()})
        write_atomic(path, gzip.compress(data.encode(), mtime=0))
    return dict(sorted(counts.items()))


def read_counts(path: Path) -> Counts:
    """The counts in a file; nothing where there is no file.

    Raises:
        DamagedFile: The file cannot be read.
    """
    if not path.exists():
        return {}
    try:
        data = json.loads(gzip.decompress(path.read_bytes()))
        counts = {int(layer): [(int(right), int(asked)) for right, asked in sets] for layer, sets in data.items()}
        if not counts or not all(
            sets and all(0 <= right <= asked > 0 for right, asked in sets) for sets in counts.values()
        ):
            raise ValueError("expected of each layer how many were right, and asked")
        return counts
    except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError) as trouble:
        raise DamagedFile(path, f"no task vectors ({trouble})", "remove it to measure again") from None
