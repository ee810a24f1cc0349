"""The command line: one command a file, each a thin shell around what a notebook would call.

Results go to standard output, progress and errors to standard error; `--json` puts one JSON value on standard output.
"""

from icl_lab.cli.main import main

__all__ = ["main"]
