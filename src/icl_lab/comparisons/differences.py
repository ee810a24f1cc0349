"""What of a comparison is not as at the paper scale, in words: found by comparing its specs with those there.

That scale is as published as far as the papers say; they do not say everything.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.recipes import paper_model, training_at

# How often progress is written down changes no result.
INCIDENTAL = ("checkpoint_interval", "record_interval", "held_out_interval", "held_out_prompts")


def reduced(spec: ComparisonSpec, published: ComparisonSpec | None = None) -> str:
    """A sentence for the task, the models and each recipe that are not the paper scale's; empty where all are.

    Args:
        spec: The comparison.
        published: The same one at the paper scale; by default with Park et al.'s sizes and training.
    """
    task = published.task if published else type(spec.task)()
    sentences = {_words(spec.task.to_json(), task.to_json()): ["Task"]}
    # What several models have in common is said once.
    for entry in spec.entries:
        paper = _entry(spec, entry, published)
        model = paper.model if paper else paper_model(entry.model)
        words = _words(entry.model.to_json(), model.to_json())
        sentences.setdefault(words, []).append(spec.label(entry.model))
    for entry in spec.entries:
        paper = _entry(spec, entry, published)
        training = paper.training if paper else training_at("paper", spec.task)
        words = _words(entry.training.to_json(), training.to_json())
        sentences.setdefault(words, []).append(f"training of {spec.label(entry.model)}")
    every = len(spec.entries)
    return " ".join(f"{_subject(who, every)}: {words}." for words, who in sentences.items() if words)


def _entry(spec: ComparisonSpec, entry: Entry, published: ComparisonSpec | None) -> Entry | None:
    """The same model at the paper scale: that of its label, since several may have its name."""
    if published is None:
        return None
    alike = [paper for paper in published.entries if paper.model.word == entry.model.word]
    same = [paper for paper in alike if published.label(paper.model) == spec.label(entry.model)]
    return next(iter(same or alike), None)


def _subject(who: list[str], every: int) -> str:
    if len(who) > 1 and len(who) == every:
        return "Training of all models" if who[0].startswith("training of ") else "All models"
    return f"{who[0]}, {', '.join(one.removeprefix('training of ') for one in who[1:])}".removesuffix(", ")


def _words(ours: Mapping[str, Any], published: Mapping[str, Any]) -> str:
    return ", ".join(words for words in _differences(ours, published) if not words.startswith(INCIDENTAL))


def _differences(ours: Mapping[str, Any], published: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in ours.items():
        paper = published.get(key)
        if value == paper or key not in published:
            continue
        if isinstance(value, dict) and isinstance(paper, dict) and set(value) == set(paper):
            yield from _differences(value, paper, f"{prefix}{key}.")
        elif (ours_said := _short(value)) != (published_said := _short(paper)):
            # A curriculum without ramps is none.
            yield f"{prefix}{key} {ours_said} (at scale paper: {published_said})"


def _fields(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_short(part)}" for key, part in value.items())


def _short(value: Any) -> str:
    if isinstance(value, dict):
        parts = (str(part) for part in value.values() if part is not None and not isinstance(part, dict | list))
        nested = (f"{key} ({_fields(part)})" for key, part in value.items() if isinstance(part, dict))
        return " ".join((*parts, *nested)) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)
