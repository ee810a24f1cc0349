"""A worker: `python -m icl_lab.sweep.worker THREADS` reads pickled jobs from its standard input and does them in turn.

For each it writes one JSON line, `[how, line]`, to what was its standard output; whatever a job prints goes to standard
error. It ends when it is asked to stop (SIGTERM), and when its input is closed, which happens by itself when the
process at the other end dies, however it dies: no worker is left behind.
"""

import json
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from queue import SimpleQueue
from typing import BinaryIO

from icl_lab.core.errors import AtWork, Stopped, UserError
from icl_lab.sweep.crew import GRACE_SECONDS, How
from icl_lab.sweep.stopping import listen, stop_asked

HEADER = 8  # bytes before each job that say how many follow


def main() -> None:
    """Do jobs until told to stop."""
    threads = int(sys.argv[1])
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jobs: SimpleQueue[bytes] = SimpleQueue()
    status = 0
    try:
        listen()
        threading.Thread(target=_receive, args=(sys.stdin.buffer, jobs), daemon=True).start()
        while not stop_asked():
            answer = _done(jobs.get(), threads)
            os.write(answers, (json.dumps(answer) + "\n").encode())
    except (Stopped, BrokenPipeError):  # nobody is there to be told
        pass
    except BaseException:  # noqa: BLE001  the next line would keep it to itself
        traceback.print_exc()
        status = 1
    os._exit(status)  # at once: files are written, and what libraries do at their end takes a while


def _receive(stream: BinaryIO, jobs: SimpleQueue[bytes]) -> None:
    """Queue what arrives; at the end of it stop this process, softly first."""
    while header := stream.read(HEADER):
        content = stream.read(int.from_bytes(header, "big"))
        jobs.put(content)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def _done(content: bytes, threads: int) -> tuple[How, str]:
    """Do one job; how it ended, and why, in one line."""
    try:
        pickle.loads(content).execute(threads)
    except Stopped:
        return "stopped", ""
    except AtWork as trouble:
        return "held", str(trouble)
    except UserError as trouble:
        return "failed", _one_line(str(trouble))
    except MemoryError:
        return "failed", "not enough memory"
    except Exception as trouble:  # noqa: BLE001  a defect of one job must not take the others with it
        traceback.print_exc()
        last = traceback.extract_tb(trouble.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}, line {last.lineno}"
        return "failed", _one_line(f"{type(trouble).__name__}: {trouble} ({where})")
    return "finished", ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
