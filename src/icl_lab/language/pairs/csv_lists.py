"""Lists of pairs in CSV files: `input,output`, other right outputs after bars."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import write_atomic
from icl_lab.language.base import Pair

HEADER = ("input", "output")


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """The pairs of a user's file.

    Raises:
        UserError: There is no such file.
        DamagedFile: It does not begin with `input,output`, a line has no output, or an input occurs twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"no file {path}: expected a CSV file with the columns input,output there") from None
    except UnicodeDecodeError as trouble:
        raise DamagedFile(path, f"not UTF-8 ({trouble})", "save it as UTF-8") from None
    return _pairs(path, text)


@cache
def shipped_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a list that comes with the package."""
    text = (files("icl_lab.language") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def shipped_pairs(name: str) -> tuple[Pair, ...]:
    """The pairs of a list that comes with the package."""
    return tuple(Pair(row["input"], _outputs(row["output"])) for row in shipped_rows(name))


def merged(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Pairs with one input become one pair that has the outputs of all, the first one's first.

    >>> merged([Pair("argent", ("silver",)), Pair("argent", ("money",))])
    (Pair(input='argent', outputs=('silver', 'money')),)
    """
    outputs: dict[str, dict[str, None]] = {}
    for pair in pairs:
        outputs.setdefault(pair.input, {}).update(dict.fromkeys(pair.outputs))
    return tuple(Pair(given, tuple(found)) for given, found in outputs.items())


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write a list so that `read_pairs` reads it back."""
    lines = [HEADER, *((pair.input, "|".join(pair.outputs)) for pair in pairs)]
    write_atomic(path, "".join(",".join(map(_quoted, line)) + "\n" for line in lines).encode())


def _pairs(path: Path, text: str) -> tuple[Pair, ...]:
    rows = list(csv.reader(text.splitlines()))
    if not rows or tuple(cell.strip() for cell in rows[0]) != HEADER:
        found = ",".join(rows[0]) if rows else "nothing"
        raise DamagedFile(path, f"expected the first line to be {','.join(HEADER)}, got {found}", "add that line")
    found_pairs: dict[str, Pair] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or not row[0].strip() or not _outputs(row[1]):
            advice = "put text with commas into double quotes"
            raise DamagedFile(path, f"line {number} is not input,output: {','.join(row)!r}", advice)
        pair = Pair(row[0].strip(), _outputs(row[1]))
        if pair.input in found_pairs:
            raise DamagedFile(
                path, f"line {number}: the input {pair.input!r} occurs twice", "keep one; bars join outputs"
            )
        found_pairs[pair.input] = pair
    return tuple(found_pairs.values())


def _outputs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') else cell
