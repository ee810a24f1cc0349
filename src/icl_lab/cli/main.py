"""The `icl` command: its subcommands, and what becomes of errors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from icl_lab.cli import compare, components, doctor, evaluate, report, train
from icl_lab.cli.console import fail
from icl_lab.core.errors import UserError

HELP = """A laboratory for in-context learning: which architecture learns a new function from its prompt, at what cost?

\b
  icl compare linear_regression dim=5 length=21 --models transformer,mamba --out results/first
  icl list
  icl describe mambaformer
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def add(name: str, command: Callable[..., None]) -> None:
    """Make a function a subcommand. A wrong value is one line and status 2; Ctrl-C is one line and status 130."""

    @wraps(command)
    def guarded(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except UserError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.filename or 'a file'}: {error.strerror or error}; choose another path or free it")
        except MemoryError as error:
            fail(
                f"not enough memory ({str(error).splitlines()[0] if str(error) else 'no more to be had'}): ask for less"
            )
        except KeyboardInterrupt:
            fail("stopped; the same command goes on from the last checkpoint", status=130)

    app.command(name)(guarded)


add("compare", compare.compare)
add("train", train.train)
add("evaluate", evaluate.evaluate)
add("list", components.list_components)
add("describe", components.describe)
add("report", report.report)
add("doctor", doctor.doctor)


def main() -> None:
    """Run the command line."""
    app()
