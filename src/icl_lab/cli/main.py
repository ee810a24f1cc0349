"""The `icl` command: its subcommands, and what becomes of errors."""

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
import typer

from icl_lab.cli import compare, components, doctor, evaluate, fewshot, probe, report, run, train, tune
from icl_lab.cli.console import RESUMES, STOPPED, fail, note
from icl_lab.core.errors import UserError
from icl_lab.kernels.backend import SlowKernelsWarning

HELP = """A laboratory for in-context learning: which architecture learns a new function from its prompt, at what cost?

\b
  icl compare linear_regression dim=5 length=21 --models transformer,mamba --out results/first
  icl fewshot --model smollm2-135m --shots 0,1,2,4,8,16
  icl list
  icl describe mambaformer
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def add(name: str, command: Callable[..., None], *, trains: bool = False) -> None:
    """Make a function a subcommand. A wrong value is one line and status 2; Ctrl-C is one line and status 130.

    Args:
        name: What it is called.
        command: The function.
        trains: Whether there are checkpoints to go on from. Where this call has none, it raises `KeyboardInterrupt`
            with what is to be said instead.
    """

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
        except RuntimeError as error:
            # torch has a class of its own for an accelerator that is full, and none for the host.
            if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
                raise
            fail("not enough memory: ask for less, for instance a smaller model.d_model or training.batch")
        except KeyboardInterrupt as interruption:
            fail(str(interruption) or (RESUMES if trains else STOPPED), status=130)

    app.command(name)(guarded)


add("compare", compare.compare, trains=True)
add("run", run.run, trains=True)
add("tune", tune.tune, trains=True)
add("train", train.train, trains=True)
add("evaluate", evaluate.evaluate)
add("fewshot", fewshot.fewshot)
add("probe", probe.probe)
add("list", components.list_components)
add("describe", components.describe)
add("report", report.report)
add("doctor", doctor.doctor)


def main() -> None:
    """Run the command line. What the command line itself cannot read is one line and status 2 as well."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def shown(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, SlowKernelsWarning):
                note(str(message))
            else:
                others(message, category, *place, **more)

        warnings.showwarning = shown
        try:
            status = app(sys.argv[1:] or ["--help"], prog_name="icl", standalone_mode=False)
        except typer.Abort:
            fail(STOPPED, status=130)
        except USAGE_ERROR as error:
            fail(_usage(error))
        sys.exit(status if isinstance(status, int) else 0)


USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for a command line that it cannot read; which module has the class depends on its version."""


def _usage(error: Any) -> str:
    """What is wrong with a command line, and where its help is, in one line."""
    said = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    command = error.ctx.command_path if error.ctx is not None else "icl"
    return f"{said[:1].lower()}{said[1:]}; `{command} --help` says what it takes"
