"""Templates: what every page shares, its style, its filters and the two sets of colours."""

from functools import cache
from typing import Any

import jinja2

from icl_lab.report import words
from icl_lab.report.drawing.style import DARK, LIGHT
from icl_lab.report.labels import breakable, printable


def render_template(name: str, **values: Any) -> str:
    """A page as text. Everything that is put in is escaped; a name that the template needs and does not get raises.

    Args:
        name: File in `templates/`.
        values: What it is filled with.
    """
    shared = {"interval": words.interval, "light": LIGHT.variables(), "dark": DARK.variables()}
    return _environment().get_template(name).render(**shared, **values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("icl_lab.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(words, name) for name in ("number", "count", "amount", "plain")}
    environment.filters |= {"printable": printable, "breakable": breakable}
    return environment
