"""Specs: frozen, keyword-only dataclasses that validate themselves, round-trip through JSON and hash stably.

A field's annotation is its contract: `dim: Count = 20` is checked when the spec is made, wherever it comes from
(Python, JSON, the command line), and the message names the field, the value and the allowed range.
"""

import dataclasses
import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from icl_lab.core.annotations import checked, literals
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.registry import Registry
from icl_lab.core.short_form import from_short

AnySpec = TypeVar("AnySpec", bound="Spec")  # typing.Self is not checked at run time by beartype


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A value that describes something completely: a task, a model, a way to train.

    Fields are numbers, booleans, strings, `Literal`s, `None`, tuples of these and other specs; nothing else.
    """

    def __post_init__(self) -> None:
        for field, annotation in field_types(type(self)).items():
            value = checked(f"{self.spec_name()}.{field}", annotation, getattr(self, field))
            object.__setattr__(self, field, value)

    @classmethod
    def spec_name(cls) -> str:
        """The word for this spec in messages: its registered name, or its class's."""
        return str(getattr(cls, "name", cls.__name__))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, every field included, the kind and name first for a registered spec."""
        registry = _registry(type(self))
        head: dict[str, Any] = {registry.kind: self.spec_name()} if registry else {}
        return head | {field: _plain(getattr(self, field)) for field in field_types(type(self))}

    @classmethod
    def from_json(cls: "type[AnySpec]", data: Any) -> "AnySpec":
        """The spec that `to_json` wrote.

        Raises:
            UserError: A field is unknown or missing, or a value is outside its range.
            UnknownName: The registered name is not known.
        """
        if not isinstance(data, Mapping):
            raise UserError(f"{cls.spec_name()}: expected a JSON object, got {data!r}")
        values = dict(data)
        spec_type: type[AnySpec] = cls
        registry = _registry(cls)
        if registry is not None:
            if registry.kind not in values:
                raise UserError(
                    f"expected a {registry.kind} as JSON with the key {registry.kind!r}, got {sorted(values)}"
                )
            spec_type = registry.get(values.pop(registry.kind))
        fields = field_types(spec_type)
        for key in values:
            if key not in fields:
                raise UserError(f"{spec_type.spec_name()} has no field {key!r}: {suggest(key, fields)}")
        missing = set(required_fields(spec_type)) - set(values)
        if missing:
            raise UserError(f"{spec_type.spec_name()} needs the field {sorted(missing)[0]!r}")
        decoded = {key: _decoded(fields[key], value) for key, value in values.items()}
        return spec_type(**_checked_fields(spec_type, decoded))

    def digest(self) -> str:
        """Twelve hexadecimal digits that depend on every field and on nothing else; the same on any machine."""
        return digest(self.to_json())

    def short(self) -> str:
        """One word for tables: the name, with every field that is not at its default."""
        changed = [
            f"{field.name}={_short(value)}"
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
        ]
        return f"{self.spec_name()}({', '.join(changed)})" if changed else self.spec_name()

    def replace(self: "AnySpec", **changes: Any) -> "AnySpec":
        """A copy with some fields changed, checked anew.

        Raises:
            UserError: A field is unknown or a value outside its range.
        """
        fields = field_types(type(self))
        for key in changes:
            if key not in fields:
                raise UserError(f"{self.spec_name()} has no field {key!r}: {suggest(key, fields)}")
        return dataclasses.replace(self, **_checked_fields(type(self), changes))

    def override(self: "AnySpec", settings: Mapping[str, str]) -> "AnySpec":
        """A copy with fields set from text, as the command line gives them; dots reach into nested specs.

        Args:
            settings: For instance `{"dim": "5", "inputs": "skewed", "inputs.exponent": "2"}`.
        """
        # All at once: two fields may be possible only together.
        changes: dict[str, Any] = {}
        fields = field_types(type(self))
        for key, text in settings.items():
            head, _, rest = key.partition(".")
            if head not in fields:
                raise UserError(f"{self.spec_name()} has no field {head!r}: {suggest(head, fields)}")
            where = f"{self.spec_name()}.{head}"
            if not rest:
                changes[head] = _parsed(where, fields[head], text)
                continue
            inner = changes.get(head, getattr(self, head))
            if not isinstance(inner, Spec):
                raise UserError(f"{where} is {inner!r}, which has no field {rest!r}")
            changes[head] = inner.override({rest: text})
        return self.replace(**changes)


class Registered(Spec):
    """A spec whose kind has a registry; JSON names it as `{"task": "linear_regression", ...}`."""

    registry: ClassVar[Registry[Any]]
    name: ClassVar[str]


def digest(data: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of `data` as canonical JSON (sorted keys, no blanks).

    >>> digest({"b": 1, "a": 2.5}) == digest({"a": 2.5, "b": 1})
    True
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def field_types(spec_type: type[Spec]) -> Mapping[str, Any]:
    """The fields of a spec class, in order, with their annotations (bounds kept)."""
    known: Any = spec_type  # mypy takes the hash of a class for that of its instances
    return _field_types(known)


# Resolving annotations takes tens of microseconds, and a curriculum makes a spec a step.
@cache
def _field_types(spec_type: Any) -> Mapping[str, Any]:
    hints = get_type_hints(spec_type, include_extras=True)
    return types.MappingProxyType({field.name: hints[field.name] for field in dataclasses.fields(spec_type)})


def required_fields(spec_type: type[Spec]) -> tuple[str, ...]:
    """The fields that have no default."""
    return tuple(f.name for f in dataclasses.fields(spec_type) if f.default is dataclasses.MISSING)


def _registry(spec_type: type[Spec]) -> Registry[Any] | None:
    return getattr(spec_type, "registry", None)


def _checked_fields(spec_type: type[Spec], values: Mapping[str, Any]) -> dict[str, Any]:
    fields = field_types(spec_type)
    return {key: checked(f"{spec_type.spec_name()}.{key}", fields[key], value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.to_json()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()  # as it is read back
    return value.short() if isinstance(value, Spec) else f"{value:g}" if isinstance(value, float) else str(value)


def _spec_types(annotation: Any) -> list[type[Spec]]:
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if isinstance(base, type) and get_origin(base) is None:
        return [base] if issubclass(base, Spec) else []
    return [found for part in get_args(base) if part is not Ellipsis for found in _spec_types(part)]


def _decoded(annotation: Any, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(annotation, item) for item in value)
    if isinstance(value, Mapping):
        candidates = _spec_types(annotation)
        for spec_type in candidates:
            registry = _registry(spec_type)
            if registry is None or registry.kind in value:
                return spec_type.from_json(value)
    return value


def _parsed(where: str, annotation: Any, text: str) -> Any:
    """A value from the command line: JSON where it reads as JSON, a registered name where one is wanted, else text."""
    if text.lower() in ("none", "null") and type(None) in get_args(annotation) and text not in literals(annotation):
        return None
    for spec_type in _spec_types(annotation):
        registry = _registry(spec_type)
        if registry is not None and not text.lstrip().startswith(("{", "[")):
            return from_short(registry, text)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    wants_text = annotation is str or get_origin(annotation) is Literal
    return checked(where, annotation, text if wants_text else _decoded(annotation, value))
