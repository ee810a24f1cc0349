"""What the command line says when it cannot be read, and what it makes of warnings."""

import sys
import warnings

import pytest

from icl_lab.cli import main
from icl_lab.kernels.backend import SlowKernelsWarning


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("comparee",), "no such command 'comparee'"),
        (("compare",), "missing argument 'task'; `icl compare --help`"),
        (("compare", "linear_regression", "--scale", "huge"), "'huge' is not one of 'smoke', 'small', 'paper'"),
        (("compare", "linear_regression", "--prompts"), "'--prompts' requires an argument"),
        (("compare", "linear_regression", "--prompts", "many"), "invalid value for '--prompts'"),
        (("compare", "linear_regression", "--sedes", "3"), "no such option: --sedes"),
        (("evaluate", "somewhere", "--prompts", "1"), "invalid value for '--prompts'"),
        (("--nothing",), "no such option: --nothing"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_one_line(
    arguments: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["icl", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    assert stopped.value.code == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("icl: ")
    assert expected in printed.err
    assert "--help` says what it takes" in printed.err


@pytest.mark.parametrize("arguments", [(), ("--help",), ("compare", "--help")])
def test_help_is_no_error(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["icl", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert "Usage: icl" in capsys.readouterr().out


def test_slow_kernels_are_one_line_and_other_warnings_are_left_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(*_: object, **__: object) -> int:
        warnings.warn("slow kernels run: no library", SlowKernelsWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(sys.modules[main.__module__], "app", slow)
    monkeypatch.setattr(sys, "argv", ["icl", "list"])
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            main()
    assert capsys.readouterr().err == "icl: slow kernels run: no library\n"
    assert [str(one.message) for one in others] == ["something else"]
