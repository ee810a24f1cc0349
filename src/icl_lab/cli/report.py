"""`icl report`: draw a comparison's page again from its records."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, results
from icl_lab.report.page import write_page


def report(
    folder: Annotated[Path, typer.Argument(help="The folder that `icl compare --out` wrote.")],
    as_json: Json = False,
) -> None:
    """Draw a comparison's page and figures again; nothing is trained or evaluated.

    icl report results/first
    """  # noqa: D412
    page = write_page(folder)
    if as_json:
        print_json({"page": str(page)})
    else:
        results().print(f"page: {page}", markup=False, soft_wrap=True)
