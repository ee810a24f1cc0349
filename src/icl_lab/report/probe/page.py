"""The page of `icl probe`: one HTML file that needs nothing beside it, and its figures as files."""

import json
import re
from pathlib import Path

from icl_lab.core.files import inside, write_atomic
from icl_lab.report import words
from icl_lab.report.comparison.page import FIGURES, PAGE
from icl_lab.report.drawing.pictures import picture_bytes
from icl_lab.report.probe.data import Looked, Probe, read_probe
from icl_lab.report.probe.figures import draw_probe
from icl_lab.report.probe.words import block_rows, conclusion, question
from icl_lab.report.rendering import render_template

KINDS = ("svg", "png")


def write_probe_page(folder: Path) -> Path:
    """Draw the page of a probe and its figures; returns the path of `index.html`.

    Args:
        folder: Where `probe.json` and `records.jsonl` are; `index.html` and `figures/` are written beside them.

    Raises:
        UserError: There is no probe in the folder.
        DamagedFile: One of the two files cannot be read.
    """
    probe = read_probe(folder)
    first = probe.networks[0]
    figures = draw_probe(probe, first)
    page = folder / PAGE
    # An earlier page may have shown what this one does not.
    for stem in _shown_on(page) - {figure.stem for figure in figures}:
        for kind in KINDS:
            inside(folder / FIGURES, f"{stem}.{kind}").unlink(missing_ok=True)
    for figure in figures:
        for kind in KINDS:
            write_atomic(inside(folder / FIGURES, f"{figure.stem}.{kind}"), picture_bytes(figure.picture, kind))
    others = [(one, conclusion(probe, one)) for one in probe.networks[1:]]
    text = render_template(
        "probe.html.j2",
        probe=probe,
        question=question(probe),
        answer=_sentence(conclusion(probe, first)),
        network=first,
        figures=figures,
        end=probe.end(first),
        blocks=block_rows(probe, first),
        others=[(_name(one), said) for one, said in others],
        measure=probe.measure.words,
        fitted=any(row.scale is not None for row in block_rows(probe, first)),
        compared=any(row.nearest for row in block_rows(probe, first)),
        conditions=_conditions(probe),
        specs=[(_name(one), json.dumps(one.spec, indent=2)) for one in probe.networks if one.spec],
    )
    write_atomic(page, text.encode())
    return page


def _shown_on(page: Path) -> set[str]:
    """The figures that a page leads to."""
    text = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    return set(re.findall(rf"\b{FIGURES}/([a-z-]+)\.svg", text))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _name(network: Looked) -> str:
    return f"{network.label}, seed {network.seed}, {words.count(network.step)} steps"


def _conditions(probe: Probe) -> list[tuple[str, str]]:
    found = [(words.plain(str(name)), value) for name, value in probe.settings.items()]
    found += [(words.plain(str(name)), value) for name, value in probe.environment.items()]
    found.append(("published curves", probe.published))
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in found
        if value not in ("", None, [], {})
    ]
