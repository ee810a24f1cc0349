"""Names of predictors and shifts where there is little room: shortened where they agree, never where they differ."""

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

WIDTH = 34
"""Letters of a name in a picture or a terminal's table; sentences and the tables of the page hold whole names."""
REST = "\N{HORIZONTAL ELLIPSIS}"
PARTS = re.compile(r"^([^()]+)\((.*)\)$", re.DOTALL)


def printable(name: str) -> str:
    """A whole name on one line: control characters are shown as a box.

    >>> printable("mamba")
    'mamba'
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def shortened(names: Iterable[str], width: int = WIDTH) -> dict[str, str]:
    """A short form for each name, no two alike.

    Of a name that is too long, settings go that all others of its kind have as well; where that is not enough, letters
    that they share. What tells two names apart always stays.

    >>> list(shortened(["lasso(strength=0.1, tolerance=1e-06)", "lasso(strength=1, tolerance=1e-06)"], 25).values())
    ['lasso(strength=0.1, …)', 'lasso(strength=1, …)']

    Args:
        names: All that stand in one table or picture.
        width: Letters that are to be enough; a name of which more is needed keeps them.
    """
    whole = {name: printable(name) for name in names}
    short = {name: _short(said, [other for other in whole.values() if other != said], width)
             for name, said in whole.items()}  # fmt: skip
    used = list(short.values())
    return {name: said if used.count(said) == 1 else whole[name] for name, said in short.items()}


def breakable(name: str) -> Markup:
    """A name for the page: escaped, and a browser may begin a new line after a parenthesis."""
    return Markup(str(escape(printable(name))).replace("(", "(<wbr>"))


def _short(name: str, others: Sequence[str], width: int) -> str:
    if len(name) <= width:
        return name
    head, settings = _parts(name)
    # One without settings is told apart by having none.
    same_kind = [theirs for kind, theirs in map(_parts, others) if kind == head and theirs]
    if not settings:
        return _middle(name, others, width)
    telling = [one for one in settings if any(one not in theirs for theirs in same_kind)]
    if not telling and any(_parts(other)[0] == head for other in others):
        telling = list(settings[:1])
    return _joined(head, settings, telling, width)


def _joined(head: str, settings: Sequence[str], telling: Sequence[str], width: int) -> str:
    """The settings that tell, then as many of the others as there is room for; an ellipsis for those left out."""
    kept = list(telling)
    for one in settings:
        if one not in kept and len(_said(head, settings, [*kept, one])) <= width:
            kept.append(one)
    said = _said(head, settings, kept)
    # What still is too long loses letters of what its whole kind shares, its head.
    room = max(5, len(head) - 1 - (len(said) - width))
    return said if len(said) <= width or room >= len(head) - 1 else _said(head[:room] + REST, settings, kept)


def _said(head: str, settings: Sequence[str], kept: Sequence[str]) -> str:
    shown = [one for one in settings if one in kept]
    return f"{head}({', '.join([*shown, REST] if len(shown) < len(settings) else shown)})"


def _middle(name: str, others: Sequence[str], width: int) -> str:
    """A name without settings, as a pattern of blocks: the stretch around the first letter that tells it apart."""
    nearest = max((_agreeing(name, other) for other in others), default=0)
    if nearest < width - 1:
        return name[: width - 1] + REST
    return name[: width // 3] + REST + name[nearest - 2 : nearest - 2 + 2 * width // 3 - 1]


def _agreeing(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parts(name: str) -> tuple[str, tuple[str, ...]]:
    """Head and settings of `head(a=1, b=(2, 3))`; a name without settings is all head."""
    found = PARTS.match(name)
    if found is None:
        return name, ()
    settings, depth, begin = [], 0, 0
    for place, letter in enumerate(found[2]):
        depth += letter in "([{"
        depth -= letter in ")]}"
        if letter == "," and depth == 0:
            settings.append(found[2][begin:place].strip())
            begin = place + 1
    settings.append(found[2][begin:].strip())
    return found[1], tuple(settings)
