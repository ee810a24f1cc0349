"""What `icl describe` says of a few-shot task on text: its pairs, how answers are judged, and a prompt."""

from typing import Any

from icl_lab.cli.console import results
from icl_lab.core.streams import Stream
from icl_lab.language.base import LanguageTask
from icl_lab.language.prompts.draws import draw_sets
from icl_lab.language.prompts.templates import Template
from icl_lab.language.tasks.csv_file import CsvFile

SHOTS = 3
JUDGEMENTS = {
    "exact": "an answer must equal the output",
    "prefix": "an answer of one token is right if it begins the output, or the output it",
    "synonyms": "a word of one meaning is right as well",
}


def language_notes(task: LanguageTask) -> dict[str, Any]:
    """The same as JSON values; of a file that is not named yet, no prompt."""
    said = {"category": task.group, "judged": JUDGEMENTS[task.judged], "single_token": task.single_token}
    if isinstance(task, CsvFile) and not task.path:
        return said
    pairs, template = task.pairs(), Template()
    (one,) = draw_sets(pairs, pairs, Stream(0), 1, 1, "true")
    # Which form a model reads is its tokenizer's matter: most have words with a space as tokens.
    spaced = task.single_token
    shown = template.demonstrations(one.demonstrations[:SHOTS], spaced=spaced)
    return said | {"pairs": len(pairs), "prompt": shown + template.query(one.queries[0].input, spaced=spaced)}


def print_language_notes(entry: dict[str, Any]) -> None:
    """The same for a terminal."""
    console = results()
    tokens = "; only outputs of a single token are asked, by the model's tokenizer" if entry["single_token"] else ""
    console.print(f"{entry['category']}: {entry['judged']}{tokens}", markup=False)
    if "prompt" in entry:
        console.print(f"\na prompt after {SHOTS} demonstrations, of {entry['pairs']:,} pairs:", markup=False)
        for line in entry["prompt"].splitlines():
            console.print(f"  {line}", markup=False, soft_wrap=True)
