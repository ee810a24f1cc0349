"""Under which conditions a few-shot evaluation was made, in words."""

import numpy as np

from icl_lab.report.fewshot.data import FewShotResults

CONTROLS = {
    "shuffled": "each demonstration has the output of another pair of the whole list, which need not be in the prompt",
    "random": "each demonstration has any output of the task, drawn by itself",
}


def conditions(found: FewShotResults) -> list[tuple[str, str]]:
    """What was asked and how it was judged: names and sentences."""
    spec = found.spec
    judged = "one greedy token" if spec["answers"] == "token" else "a greedy answer up to the end of the line"
    said = [
        ("queries", f"{spec['num_queries']} of each task for each of {spec['num_seeds']} seed(s)"),
        ("demonstrations", f"drawn for sets of {spec['per_set']} queries; fewer where a task has few pairs"),
        ("template", repr(spec["template"]["line"])),
        ("answers", f"{judged}, up to a line break, stripped"),
        (
            "right",
            "exact: equal; prefix: one begins with the other; synonyms: answer and output have a synonym in common, by"
            " WordNet. This is the published rule: it takes two steps, so that father passes for mother (both can mean"
            " beget). It holds for answers in English; in other languages, where the published rule takes synonyms of"
            " that language, ours are right only if our list has them",
        ),
    ]
    said += [(f"{control} labels", _control_words(found, control)) for control in found.controls]
    for model in found.models:
        note = found.notes[model]
        size = f"{note['parameters']:,} parameters" if note.get("parameters") else ""
        weights = f"fingerprint of its files {note['weights']}" if note.get("weights") else ""
        words = (note.get("note", ""), size, note.get("licence", ""), weights)
        said.append((model, "; ".join(word for word in words if word) or "-"))
    return said


def _control_words(found: FewShotResults, control: str) -> str:
    """What a control is, and how many of its labels are right all the same."""
    rows = found.records.filter((found.records["metric"] == "labels_right") & (found.records["shift"] == control))
    if not len(rows):
        return CONTROLS[control]
    shares = {row["task"].replace("_", " "): float(row["value"]) for row in rows.iter_rows(named=True)}
    mean, most = float(np.mean(list(shares.values()))), max(shares, key=lambda name: shares[name])
    return f"{CONTROLS[control]}; by chance {mean:.1%} of them are right, most of {most} ({shares[most]:.1%})"
