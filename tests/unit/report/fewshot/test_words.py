"""The conclusion has the numbers, and says of each task what became of it."""

from pathlib import Path

from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.words import sentences


def test_the_conclusion_has_the_numbers(folder: Path) -> None:
    said = " ".join(sentences(read_fewshot(folder)))
    assert (
        "quick is right in 1.00 (0.84 to 1.00) of cases after 32 demonstrations, mean over the 2 of 3 tasks that have"
        " enough pairs for every number; with none in 0.00" in said
    )
    # Shuffled religions are often right by chance, and the one model wants two right ones, the other five.
    assert (
        "Of all 3 tasks, each after the most demonstrations it has: needs its labels: 2 (next letter and country"
        " capital); rises whatever the labels: 1 (religion)." in said
    )
    assert "rises, labels unclear: 1 (religion)." in said
    floor = "to where it is no longer surely above the floor"
    assert f"What shuffled labels take: 1.00 (0.62 to 1.00) from next letter, {floor}; 0.70" in said
