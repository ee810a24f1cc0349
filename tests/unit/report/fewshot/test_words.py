"""The conclusion has the numbers."""

from pathlib import Path

from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.words import conclusion, rising


def test_the_conclusion_has_the_numbers(folder: Path) -> None:
    found = read_fewshot(folder)
    said = conclusion(found)
    assert (
        "quick is right in 1.00 (0.84 to 1.00) of cases after 32 demonstrations, mean over 2 tasks; with none" in said
    )
    assert rising(found, "quick") == (3, 3)
    # next_letter has too few pairs for 32: each category is told as far as all of its tasks go.
    assert (
        "With shuffled labels: down to the floor on algorithmic tasks (1.00 to 0.00 after 5); a clear fall on"
        " knowledge tasks (1.00 to 0.30 after 32)." in said
    )
