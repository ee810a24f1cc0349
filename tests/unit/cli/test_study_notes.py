"""What is said of a study fits the terminal."""

import pytest

from icl_lab.cli.notes.study import print_study_notes, study_notes
from icl_lab.studies.base import STUDIES


@pytest.mark.parametrize("columns", ["100", "160"])
def test_lines_have_at_most_a_hundred_letters(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    notes = study_notes(STUDIES.get("park2024")(), None, 0)
    # As with --scale and --gpu-tflops, without counting.
    notes["parts"] = [part | {"training_flops": 1.5e18} for part in notes["parts"]]
    notes["cost"] = {"scale": "paper", "training_flops": 2e19, "hours_here": 123456.0, "cores": 2, "gpu_tflops": 50.0,
                     "hours_on_gpu": 111.0}  # fmt: skip
    print_study_notes(notes)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert "111 on a GPU at 50 TFLOPs a second" in " ".join(said.split())
    seventh = said.partition("\nC7: ")[2].partition("\nC9: ")[0]
    assert seventh.count("    - ") == 6
    assert "and 13 more; --json shows all" in seventh
    first = " ".join(said.partition("\nC1: ")[2].partition("\nC2: ")[0].split())
    assert ", if relative error of transformer on linear_regression after 40 examples is at most 0.5 and" in first
    assert " ".join(said.split()).count("The formula is recalled, not verified") == 1  # though three parts share it
