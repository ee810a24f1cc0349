"""What `icl describe` says of a study: its parts, its claims, and what it costs at a scale."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from icl_lab.cli.console import print_table, results
from icl_lab.core.scales import Scale
from icl_lab.report.words import amount, number
from icl_lab.studies.base import Study
from icl_lab.studies.running.costs import costs_of, flops_per_second

WIDTH = 100
"""Letters in a line at most."""


def study_notes(study: Study, scale: Scale | None, gpu_tflops: float) -> dict[str, Any]:
    """The notes as JSON values.

    Args:
        study: The study.
        scale: At which the cost is counted; none for no cost.
        gpu_tflops: Operations a second of a GPU, in units of 1e12; 0 for none.
    """
    parts = study.parts(scale or "small")
    notes: dict[str, Any] = {
        "question": study.question,
        "source": study.source,
        "parts": [
            {"name": p.name, "title": p.title, "note": p.note, "trainings": len(p.comparison.runs())} for p in parts
        ],
        "claims": [
            {
                "id": claim.id,
                "sentence": claim.sentence,
                "source": claim.source,
                "premises": [one.words for one in claim.premises],
                "statements": [
                    {"sentence": one.words, "premises": [premise.words for premise in one.premises]}
                    for one in claim.statements
                ],
                "published": claim.published,
            }
            for claim in study.claims
        ],
    }
    if scale is None:
        return notes
    costs = costs_of(parts)
    flops = sum(cost.flops for cost in costs)
    for part, cost in zip(notes["parts"], costs, strict=True):
        part["training_flops"] = cost.flops
    cores = os.cpu_count() or 1
    notes["cost"] = {
        "scale": scale,
        "training_flops": flops,
        "hours_here": flops / flops_per_second(scale) / cores / 3600,
        "cores": cores,
        "gpu_tflops": gpu_tflops or None,
        "hours_on_gpu": flops / gpu_tflops / 1e12 / 3600 if gpu_tflops else None,
    }
    return notes


def print_study_notes(entry: Mapping[str, Any]) -> None:
    """The same for a terminal."""
    screen = results()
    screen.print(f"\n{entry['question']}\n", markup=False)
    # Trainings that parts share are in the first of them.
    costs = [
        (amount(part["training_flops"]) if part["training_flops"] else "counted above",) if "cost" in entry else ()
        for part in entry["parts"]
    ]
    rows = [
        (part["name"], str(part["trainings"]), *cost, part["title"])
        for part, cost in zip(entry["parts"], costs, strict=True)
    ]
    columns = ("part", "trainings", *(("training FLOPs",) if "cost" in entry else ()), "what it is about")
    print_table(columns, rows, most=WIDTH)
    for note, names in _by_note(entry["parts"]).items():
        print_wrapped(screen, f"\n{', '.join(names)}: {note}", "    ")
    if "cost" in entry:
        print_wrapped(screen, f"\n{_cost_words(entry['cost'])}")
    for claim in entry["claims"]:
        print_wrapped(screen, f"\n{claim['id']}: {claim['sentence']}", "    ")
        print_wrapped(screen, f"    {claim['source']}", "    ")
        for words in folded(claim["premises"]):
            print_wrapped(screen, f"    if {words}", "       ")
        for words in folded([_with_premises(one) for one in claim["statements"]]):
            print_wrapped(screen, f"    - {words}", "      ")
        if claim["published"]:
            print_wrapped(screen, f"    published: {claim['published']}", "      ")


def _with_premises(statement: Mapping[str, Any]) -> str:
    """A statement, and what must hold for it to be tested at all."""
    premises = " and ".join(statement["premises"])
    return f"{statement['sentence']}, if {premises}" if premises else statement["sentence"]


def _by_note(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What there is to say -> the parts of which it is said: variants of a part share its note."""
    found: dict[str, list[str]] = {}
    for part in parts:
        if part["note"]:
            found.setdefault(part["note"], []).append(part["name"])
    return found


def folded(statements: Sequence[str], most: int = 6) -> list[str]:
    """Statements, where there are many the first ones and how many more there are.

    >>> folded(["a", "b", "c", "d"], most=3)
    ['a', 'b', 'and 2 more; --json shows all']
    """
    if len(statements) <= most:
        return list(statements)
    return [*statements[: most - 1], f"and {len(statements) - most + 1} more; --json shows all"]


def print_wrapped(screen: Console, text: str, indent: str = "") -> None:
    """A paragraph in lines of at most `WIDTH` letters, all but the first one indented."""
    begin = text[: len(text) - len(text.lstrip("\n"))]
    width = min(screen.width, WIDTH)
    lines = textwrap.wrap(text[len(begin) :], width, subsequent_indent=indent, break_on_hyphens=False)
    screen.print(begin + "\n".join(lines), markup=False, soft_wrap=True)


def _cost_words(cost: Mapping[str, Any]) -> str:
    here = f"about {number(cost['hours_here'])} hours on the {cost['cores']} cores here"
    said = f"At scale {cost['scale']}: {cost['training_flops']:.2g} FLOPs of training, {here}"
    if cost["hours_on_gpu"] is None:
        return f"{said}; --gpu-tflops 50 says how many on a GPU."
    return f"{said}, {number(cost['hours_on_gpu'])} on a GPU at {cost['gpu_tflops']:g} TFLOPs a second, kept busy."
