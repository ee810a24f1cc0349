"""How work is asked to stop: SIGTERM raises `Stopped` in the main thread, at once or where the work says.

A job that only writes whole files can be stopped anywhere. One that is in the middle of something asks for the stop to
be `deferred` and looks at the answer where it suits.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from icl_lab.core.errors import Stopped


class _Request:
    """Whether this process was asked to stop, and whether it wants to know at once."""

    def __init__(self) -> None:
        self.asked = False
        self.is_deferred = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if not self.is_deferred:
            raise Stopped


_request = _Request()


def listen() -> None:
    """From now on SIGTERM asks this process to stop. Call it in the main thread of a worker process."""
    signal.signal(signal.SIGTERM, _request.receive)


def stop_asked() -> bool:
    """Whether this process was asked to stop."""
    return _request.asked


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Nothing is raised inside; the function that is given tells whether it is time to raise `Stopped` oneself."""
    _request.is_deferred = True
    try:
        yield stop_asked
    finally:
        _request.is_deferred = False
