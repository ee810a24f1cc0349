"""What of a comparison is not as published, in words: found by comparing its specs with those of the paper scale."""

from collections.abc import Iterator, Mapping
from typing import Any

from icl_lab.studies.comparison import ComparisonSpec
from icl_lab.studies.recipes import model_at, training_at

# How often progress is written down changes no result.
INCIDENTAL = ("checkpoint_interval", "record_interval", "held_out_interval", "held_out_prompts")


def reduced(spec: ComparisonSpec) -> str:
    """A sentence for the task, each model and each recipe that is not the paper scale's; empty where all are."""
    sentences = [_sentence("Task", spec.task.to_json(), type(spec.task)().to_json())]
    published = training_at("paper", spec.task).to_json()
    for entry in spec.entries:
        paper = model_at("paper", entry.model.word).to_json()
        sentences.append(_sentence(spec.label(entry.model), entry.model.to_json(), paper))
    for training in dict.fromkeys(entry.training for entry in spec.entries):
        sentences.append(_sentence("Training", training.to_json(), published))
    return " ".join(sentence for sentence in sentences if sentence)


def _sentence(what: str, ours: Mapping[str, Any], published: Mapping[str, Any]) -> str:
    found = [words for words in _differences(ours, published) if not words.startswith(INCIDENTAL)]
    return f"{what}: {', '.join(found)}." if found else ""


def _differences(ours: Mapping[str, Any], published: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in ours.items():
        paper = published.get(key)
        if value == paper or key not in published:
            continue
        if isinstance(value, dict) and isinstance(paper, dict) and set(value) == set(paper):
            yield from _differences(value, paper, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key} {_short(value)} (published: {_short(paper)})"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if not isinstance(part, dict | list))
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
