"""Taps of a mixer for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from icl_lab.models.mixers.base import SequenceMixer, Taps


@contextmanager
def tapping(mixer: SequenceMixer, taps: Taps) -> Iterator[None]:
    """Give a mixer these taps, and then those back that it had."""
    before = vars(mixer).get("taps")
    mixer.taps = taps
    try:
        yield
    finally:
        if before is None:
            del mixer.taps
        else:
            mixer.taps = before
