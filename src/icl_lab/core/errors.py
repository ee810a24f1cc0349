"""Errors meant for the person at the keyboard: one line, saying what was expected, what came, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(ValueError):
    """A wrong input. The message is one line that a user can act on; the command line prints it without a traceback."""


class UnknownName(UserError):
    """A name that is not registered, with the nearest ones that are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        super().__init__(f"unknown {kind} {name!r}: {suggest(name, self.known)}")


class AtWork(UserError):
    """Another process is at work in the same folder."""


class Stopped(BaseException):
    """Work was asked to stop, and did so where it can go on. Like `KeyboardInterrupt` it passes `except Exception`."""


class DamagedFile(UserError):
    """A file that cannot be read back. Nothing is overwritten; the message names the path and the way out."""

    def __init__(self, path: Path, trouble: str, advice: str) -> None:
        self.path = path
        super().__init__(f"damaged file {path}: {trouble}; {advice}")


MOST = 60
"""Names that one line may list."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Name the nearest known words, or all of them when none is near, or where to find them when they are many.

    >>> suggest("manba", ["mamba", "attention"])
    'did you mean mamba?'
    >>> suggest("x", ["mamba", "attention"])
    'known are attention, mamba'
    >>> suggest("x", map(str, range(100)))
    'none of 100 known names is near; `icl list` shows them'
    """
    choices = sorted(known)
    near = get_close_matches(name, choices, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if len(choices) > MOST:
        return f"none of {len(choices)} known names is near; `icl list` shows them"
    return f"known are {', '.join(choices)}" if choices else "none is registered"
