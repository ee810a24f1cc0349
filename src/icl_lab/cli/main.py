"""The `icl` command: its subcommands, and what becomes of errors."""

import sys

import click
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

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.command("compare")(compare.compare)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("list")(components.list_components)
app.command("describe")(components.describe)
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line. A wrong input is one line and status 2; Ctrl-C is one line and status 130."""
    try:
        app(standalone_mode=False)
    except UserError as error:
        fail(str(error))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("stopped; the same command goes on from the last checkpoint", status=130)
    except BrokenPipeError:
        sys.exit(1)
