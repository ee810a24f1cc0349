"""What the command line says when it cannot be read, and what it makes of warnings."""

import sys
import warnings
from pathlib import Path

import pytest
import torch
import typer

from icl_lab.cli import compare, components, main, train
from icl_lab.cli.console import RESUMES
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "linear_regression", "--models", ""), "stopped"),
        (("compare", "linear_regression", "--models", "mamba"), RESUMES),
        (("train", "linear_regression", "--model", "mamba"), RESUMES),
        (("list",), "stopped"),
    ],
)
def test_only_what_has_checkpoints_says_that_it_goes_on_from_one(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compare, "run_comparison", interrupted)
    monkeypatch.setattr(train, "train_run", interrupted)
    monkeypatch.setattr(components, "print_table", interrupted)
    monkeypatch.setattr(sys, "argv", ["icl", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == f"icl: {words}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("compare", "--help")])
def test_help_is_no_error(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["icl", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert "Usage: icl" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"), 2),
        (torch.OutOfMemoryError("CUDA out of memory."), 2),
        (MemoryError(), 2),
    ],
)
def test_too_little_memory_is_one_line(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failing(error, monkeypatch) == status
    assert capsys.readouterr().err.startswith("icl: not enough memory")


def test_other_errors_of_torch_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        _failing(RuntimeError("shapes do not fit"), monkeypatch)


def _failing(error: Exception, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status of a command that raises an error."""

    def fails() -> None:
        raise error

    cli = sys.modules[main.__module__]
    monkeypatch.setattr(cli, "app", typer.Typer(add_completion=False, pretty_exceptions_enable=False))
    cli.add("list", fails)
    cli.add("other", fails)
    monkeypatch.setattr(sys, "argv", ["icl", "list"])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


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
