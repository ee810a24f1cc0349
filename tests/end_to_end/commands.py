"""The command line, called in this process: fast, and with the same exit statuses as in a shell."""

import sys
from dataclasses import dataclass

import pytest

from icl_lab.cli import main


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


class Icl:
    """Calls `icl` with arguments.

    Args:
        capture: Catches what is printed.
        patch: Sets the arguments for the duration of a test.
    """

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: str) -> Done:
        self._capture.readouterr()
        self._patch.setattr(sys, "argv", ["icl", *arguments])
        status = 0
        try:
            main()
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        printed = self._capture.readouterr()
        return Done(status, printed.out, printed.err)
