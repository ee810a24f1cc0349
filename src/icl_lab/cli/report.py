"""`icl report`: draw the page of a comparison, a study or a probe again from its records."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, results
from icl_lab.core.errors import UserError
from icl_lab.core.scales import SCALES
from icl_lab.probing.examination.spec import measured_with
from icl_lab.report.comparison.page import write_page
from icl_lab.report.fewshot.data import FEWSHOT
from icl_lab.report.fewshot.page import write_fewshot_page
from icl_lab.report.probe.data import PROBE, read_probe
from icl_lab.report.probe.page import write_probe_page
from icl_lab.report.study.data import STUDY, read_study, write_study
from icl_lab.report.study.page import write_study_page, write_study_pages
from icl_lab.studies.base import STUDIES
from icl_lab.studies.running.carry_out import judged


def report(
    folder: Annotated[Path, typer.Argument(help="What `icl compare`, `icl run`, `icl probe` or `icl fewshot` wrote.")],
    as_json: Json = False,
) -> None:
    """Draw the page and figures of a comparison, a study, a probe or a few-shot evaluation again; nothing is run.

    The claims of a study are judged again as well, by the rows that are there.

    icl report results/first
    """  # noqa: D412
    writers = {STUDY: _study_pages, PROBE: _probe_page, FEWSHOT: write_fewshot_page}
    held = next((name for name in writers if (folder / name).is_file()), None)
    page = writers[held](folder) if held else write_page(folder)
    if as_json:
        print_json({"page": str(page)})
    else:
        results().print(f"page: {page}", markup=False, soft_wrap=True)


def _study_pages(folder: Path) -> Path:
    """Draw a study's pages again, with the verdicts that its rows have by the rules of this version."""
    page = write_study_pages(folder)  # first: rows that cannot be read stop here, and change no verdict
    held = read_study(folder)
    scale = next((one for one in SCALES if one == held.scale), None)
    if held.name not in STUDIES.names() or scale is None:
        return page
    found = judged(STUDIES.get(held.name)(), scale, folder)
    if found == held:
        return page
    write_study(folder, found)
    return write_study_page(folder)


def _probe_page(folder: Path) -> Path:
    """Draw a probe's page again, unless its rows meant something else when they were measured."""
    held = read_probe(folder)
    if held.measured != measured_with(held.settings):
        raise UserError(
            f"cannot draw {folder} again: expected a probe that was measured as it is now, and this one is of an older "
            "version, whose numbers mean something else; look inside again with `icl probe`"
        )
    return write_probe_page(folder)
