"""What the annotation of a spec's field allows: in words, and checked."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from icl_lab.core.bounds import Bounds
from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry

PLAIN: dict[Any, str] = {
    type(None): "none",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
}


def describe_type(annotation: Any) -> str:
    """An annotation in words, as messages and `icl describe` say it.

    >>> from icl_lab.core.bounds import Count
    >>> describe_type(Count)
    'an integer of at least 1'
    >>> describe_type(Count | None)
    'an integer of at least 1, or none'
    """
    bounds = _bounds(annotation)
    base = get_args(annotation)[0] if bounds else annotation
    origin, arguments = get_origin(base), get_args(base)
    if origin is Literal:
        return "one of " + ", ".join(map(str, arguments))
    if origin in (Union, types.UnionType):
        choices = [describe_type(part) for part in arguments if part is not type(None)]
        return " or ".join(choices) + (", or none" if type(None) in arguments else "")
    if origin is tuple:
        return f"a list, each {describe_type(arguments[0])}"
    if base in PLAIN:
        return f"{PLAIN[base]} {bounds}" if bounds else PLAIN[base]
    registry: Registry[Any] | None = getattr(base, "registry", None)
    return f"one of {', '.join(registry.names())}" if registry else f"a {base.__name__}"


def checked(where: str, annotation: Any, value: Any) -> Any:
    """The value as the annotation wants it: an int becomes a float, a list a tuple.

    Args:
        where: Names the field in messages.
        annotation: A type of `PLAIN`, a `Literal`, a class; unions and tuples of these; with or without bounds.
        value: What was given.

    Raises:
        UserError: It is something else or out of bounds.
    """
    bounds = _bounds(annotation)
    base = get_args(annotation)[0] if bounds else annotation
    origin, arguments = get_origin(base), get_args(base)
    if origin is Literal:
        accepted = value in arguments
    elif origin in (Union, types.UnionType):
        for part in arguments:
            try:
                return checked(where, part, value)
            except UserError:
                continue
        accepted = False
    elif origin is tuple:
        if not isinstance(value, tuple | list):
            raise _refusal(where, annotation, value)
        return tuple(checked(f"{where}[{i}]", arguments[0], item) for i, item in enumerate(value))
    elif base is float:
        accepted = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if accepted else value
    elif base is int:
        accepted = isinstance(value, int) and not isinstance(value, bool)
    else:
        accepted = isinstance(value, base)
    if not accepted or (bounds is not None and not bounds.allows(value)):
        raise _refusal(where, annotation, value)
    return value


def literals(annotation: Any) -> set[Any]:
    """The words among which an optional field chooses: "none" may be one of them, and is then no absence."""
    return {word for one in get_args(annotation) if get_origin(one) is Literal for word in get_args(one)}


def _bounds(annotation: Any) -> Bounds | None:
    if get_origin(annotation) is not Annotated:
        return None
    return next((extra for extra in get_args(annotation)[1:] if isinstance(extra, Bounds)), None)


def _refusal(where: str, annotation: Any, value: Any) -> UserError:
    return UserError(f"{where}: expected {describe_type(annotation)}, got {value!r}")
