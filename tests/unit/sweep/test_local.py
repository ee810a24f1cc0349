"""Worker processes on this machine."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.files import exclusive
from icl_lab.sweep.base import Watcher
from icl_lab.sweep.executors.local import Local
from tests.unit.sweep.jobs import Asked, Broken, Counting, Forgetful, Notes, Threads, is_alive, order

ROOT = Path(__file__).parents[3]
LONG = 10_000  # steps that nobody waits for


def test_jobs_are_started_in_their_order_and_after_what_they_come_after(tmp_path: Path) -> None:
    jobs = [
        Counting("first", tmp_path),
        Counting("evaluation", tmp_path, after=("second",)),
        Counting("second", tmp_path),
        Counting("third", tmp_path),
    ]
    outcome = Local(workers=1).run(jobs, Watcher())
    assert order(tmp_path) == ["first", "second", "evaluation", "third"]
    assert outcome.finished == ("first", "evaluation", "second", "third")
    assert (dict(outcome.failed), dict(outcome.left)) == ({}, {})


def test_a_second_call_finds_everything_done_and_starts_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [Counting("a", tmp_path)]
    Local(workers=1).run(jobs, Watcher())
    monkeypatch.setattr(subprocess, "Popen", None)
    assert Local(workers=1).run(jobs, Watcher()).finished == ("a",)
    assert order(tmp_path) == ["a"]


def test_several_jobs_run_at_once_and_a_worker_does_several(tmp_path: Path) -> None:
    jobs = [Counting(name, tmp_path, pause=0.05) for name in "abcd"]
    assert len(Local(workers=2).run(jobs, Watcher()).finished) == 4
    assert len({start for job in jobs for start in job.starts}) == 2


def test_a_worker_that_dies_is_replaced_and_its_job_goes_on(tmp_path: Path) -> None:
    notes = Notes()
    killed, other = Counting("killed", tmp_path, deaths=2), Counting("other", tmp_path)
    assert Local(workers=1).run([killed, other], notes).finished == ("killed", "other")
    assert killed.path.read_text() == other.path.read_text()  # no number missing, none twice
    assert len(set(killed.starts)) == 3
    assert any("by SIGKILL" in line for line in notes.lines)


def test_a_job_that_kills_every_worker_fails_and_the_others_go_on(tmp_path: Path) -> None:
    jobs = [
        Counting("deadly", tmp_path, deaths=99),
        Counting("wrong", tmp_path, trouble="give it\nanother value"),
        Broken("broken", tmp_path),
        Forgetful("forgetful", tmp_path),
        Counting("good", tmp_path),
    ]
    outcome = Local(workers=2).run(jobs, Watcher())
    assert outcome.finished == ("good",)
    assert outcome.failed["deadly"] == "its worker died 4 times, the last time by SIGKILL"
    assert outcome.failed["wrong"] == "give it another value"
    assert outcome.failed["broken"].startswith("KeyError: 'what\\nis this' (jobs.py, line ")
    assert "its files are not here" in outcome.failed["forgetful"]
    assert len(jobs[0].starts) == 4


def test_a_worker_has_the_threads_it_was_promised(tmp_path: Path) -> None:
    job = Threads("a", tmp_path)
    Local(workers=1, threads=3).run([job], Watcher())
    assert job.path.read_text().split()[:2] == ["3", "3"]


def test_a_job_that_somebody_else_is_doing_is_left_to_them(tmp_path: Path) -> None:
    jobs = [Counting("theirs", tmp_path), Counting("ours", tmp_path), Counting("page", tmp_path, after=("theirs",))]
    with exclusive(tmp_path / "theirs.held"):
        outcome = Local(workers=1).run(jobs, Watcher())
    assert outcome.finished == ("ours",)
    assert dict(outcome.left) == {"theirs": "at work elsewhere", "page": "theirs was not finished"}


def test_at_the_deadline_jobs_are_stopped_and_the_next_call_goes_on(tmp_path: Path) -> None:
    slow = Counting("slow", tmp_path, steps=LONG, pause=0.02)
    outcome = Local(workers=1).run([slow, Counting("later", tmp_path)], Watcher(), deadline_seconds=2.0)
    assert dict(outcome.left) == {
        "slow": f"stopped at {slow.count() / LONG:.0%}",
        "later": "not begun: the time was up",
    }
    done = slow.count()
    assert 0 < done < LONG
    assert not is_alive(int(slow.starts[0]))
    shorter = Counting("slow", tmp_path, steps=done + 3)
    assert Local(workers=1).run([shorter], Watcher()).finished == ("slow",)
    assert shorter.path.read_text().split() == [str(number) for number in range(1, done + 4)]


def test_with_a_deadline_what_fits_goes_first_and_what_does_not_fit_last(tmp_path: Path) -> None:
    jobs = [
        Counting("long", tmp_path, seconds=1e6),
        Counting("unknown", tmp_path),
        Counting("longer", tmp_path, seconds=2e6),
        Counting("short", tmp_path, seconds=1.0),
    ]
    Local(workers=1).run(jobs, Watcher(), deadline_seconds=60.0)
    assert order(tmp_path) == ["unknown", "short", "long", "longer"]


def test_with_a_deadline_one_job_at_a_time_is_asked_how_long_it_takes(tmp_path: Path) -> None:
    jobs = [Asked(name, tmp_path, seconds=1e6) for name in "abcdef"]
    Local(workers=1).run(jobs, Watcher(), deadline_seconds=60.0)
    assert order(tmp_path)[0] == "b"  # a does not fit, and of b that is not known yet
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == "a"
    assert len(asked) == len(set(asked))


def test_without_a_deadline_the_order_is_kept_however_long(tmp_path: Path) -> None:
    Local(workers=1).run([Counting("long", tmp_path, seconds=1e6), Counting("short", tmp_path, seconds=1.0)], Watcher())
    assert order(tmp_path) == ["long", "short"]


def test_ctrl_c_stops_the_workers_and_is_passed_on(tmp_path: Path) -> None:
    slow, notes = Counting("slow", tmp_path, steps=LONG, pause=0.02), Notes()

    def press() -> None:
        while slow.count() < 5:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        Local(workers=1).run([slow, Counting("later", tmp_path)], notes)
    assert not is_alive(int(slow.starts[0]))
    assert notes.outcome is not None
    assert set(notes.outcome.left) == {"slow", "later"}


def test_no_worker_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from icl_lab.sweep.base import Watcher
from icl_lab.sweep.executors.local import Local
from tests.unit.sweep.jobs import Counting
folder = Path({str(tmp_path)!r})
Local(workers=2).run([Counting(name, folder, steps={LONG}, pause=0.02) for name in "abc"], Watcher())
"""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": path})
    jobs = [Counting(name, tmp_path) for name in "ab"]
    wait_until(lambda: all(job.count() > 2 for job in jobs))
    workers = [int(start) for job in jobs for start in job.starts]
    assert all(is_alive(worker) for worker in workers)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    assert not Counting("c", tmp_path).starts


def test_a_wrong_list_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not among the jobs"):
        Local().run([Counting("a", tmp_path, after=("b",))], Watcher())
    assert order(tmp_path) == []


def wait_until(reached, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.02)
