"""What is said of the time that is left, where there is no terminal and where there is one."""

import io

from rich.console import Console

from icl_lab.cli.time_left import TimeLeft


def test_a_line_now_and_then_says_how_much_time_is_left() -> None:
    seconds = iter([0.0, 1.0, 20.0, 21.0, 60.0, 90.0])
    file = io.StringIO()
    with TimeLeft(Console(file=file, width=80), "probe", lambda: next(seconds)) as told:
        for done, words in ((0.01, "early"), (0.25, "mamba [b]"), (0.3, "soon after"), (0.5, "mamba"), (1.0, "done")):
            told(done, words)
    assert file.getvalue().splitlines() == ["mamba [b]: 25% about 1 min 0 s left", "mamba: 50% about 1 min 0 s left"]


def test_a_terminal_has_a_bar_and_keeps_nothing_of_it() -> None:
    file = io.StringIO()
    with TimeLeft(Console(file=file, width=100, force_terminal=True), "probe") as told:
        told(0.5, "mamba [b]")
    assert "mamba [b]" in file.getvalue()
    assert "50%" in file.getvalue()
