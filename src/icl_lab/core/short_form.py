"""Specs as one word, `ridge(strength=2)`: how they stand in tables and are given on a command line."""

from typing import Any

from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry


def from_short(registry: Registry[Any], text: str) -> Any:
    """The spec that `short` wrote: a name, or a name with settings as in `ridge(strength=2)`.

    Raises:
        UserError: The text is not of that form, a name or field is unknown, or a value is outside its range.
    """
    name, opened, rest = text.strip().partition("(")
    if opened and not rest.endswith(")"):
        raise UserError(f"expected a {registry.kind} as NAME or NAME(KEY=VALUE, ...), got {text!r}")
    return registry.get(name.strip())().override(short_settings(text))


def short_settings(text: str) -> dict[str, str]:
    """The settings in the parentheses of a short spec, field -> text.

    Raises:
        UserError: One of them has no `=`, or is there twice.

    >>> short_settings("ridge(strength=2)"), short_settings("ridge")
    ({'strength': '2'}, {})
    """
    _, _, rest = text.strip().partition("(")
    settings: dict[str, str] = {}
    for part in split(rest[:-1]):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"{text}: expected KEY=VALUE, got {part!r}")
        if key.strip() in settings:
            raise UserError(f"{text}: expected each setting once, got {key.strip()} twice")
        settings[key.strip()] = value.strip()
    return settings


def split(text: str) -> list[str]:
    """The parts between commas that are not in parentheses, without blanks around them.

    >>> split("lasso, ridge(strength=2, x=(1,2)),")
    ['lasso', 'ridge(strength=2, x=(1,2))']
    """
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
