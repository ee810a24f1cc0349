"""Specs for the contracts: every registered component, with every combination of its choices."""

from itertools import product
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry
from icl_lab.core.specs import field_types


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a field that is a choice: of words, true or false, either of them or none; else nothing."""
    if annotation is bool:
        return (False, True)
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        parts = get_args(annotation)
        found = tuple(value for part in parts for value in choices(part))
        return (*found, None) if found and NoneType in parts else found
    return ()


def variants(registry: Registry[Any]) -> list[Any]:
    """Default specs with all combinations of choices, those left out that the spec refuses."""
    found = []
    for name in registry.names():
        spec_type = registry.get(name)
        fields = {field: values for field, note in field_types(spec_type).items() if (values := choices(note))}
        for combination in product(*fields.values()):
            try:
                found.append(spec_type(**dict(zip(fields, combination, strict=True))))
            except UserError:
                continue
    return found


def identity(spec: Any) -> str:
    """What a parametrised test is called."""
    return spec.short()


def with_optional_parts(registry: Registry[Any]) -> list[Any]:
    """`variants`, and the last of each with its optional counts: none becomes 3 (2 heads), what may be 0 becomes 0."""
    found = variants(registry)
    for spec in {type(spec): spec for spec in found}.values():
        fields = field_types(type(spec))
        changes = {field: 2 if field == "num_heads" else 3 for field in fields if getattr(spec, field) is None}
        for field, note in fields.items():
            if get_origin(note) is Annotated and note.__metadata__[0].low == 0 and note.__origin__ is int:
                changes[field] = 0
        found += [spec.replace(**changes)] if changes else []
    return found
