"""
Whether mathematical answers equal their references, by `math-verify`. It runs in a child process: a text such as
9^9^9^9 can hold the interpreter in one uninterruptible multiplication, and only a kill ends that.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
from typing import Any

from ..files import read_records, write_records
from ..job import Job
from ..models import ModelCache

_SECONDS_PER_STEP = 5
_SECONDS_PER_ROW = 20
_CHARACTERS_MAX = 20000
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Lines `{id, state}`: correct, incorrect, unreadable (the answer), reference-unreadable, or timeout."""
    job.parameters.done()
    rows = read_records(job.input("answers"), {"answer": str, "reference": str})
    lines = []
    checker = Checker()
    try:
        for done, row in enumerate(rows, start=1):
            job.check()
            lines.append({"id": row["id"], "state": checker.state(row["reference"], row["answer"])})
            job.progress(done, len(rows), "rows")
    finally:
        checker.close()
    write_records(job.output("verdicts.jsonl"), lines)
    correct = sum(line["state"] == "correct" for line in lines)
    return {"rows": len(rows), "correct": correct}, {"verdicts": "output/verdicts.jsonl"}


class Checker:
    """A child process that checks one pair at a time, replaced when it hangs or dies."""

    def __init__(self) -> None:
        self._start()

    def state(self, reference: str, answer: str) -> str:
        """The state of one answer."""
        self._connection.send((reference, answer[-_CHARACTERS_MAX:]))
        try:
            if self._connection.poll(_SECONDS_PER_ROW):
                return self._connection.recv()
        except (EOFError, ConnectionError):
            pass  # the child died, of memory or of a bug; what this row needs cannot be had
        self.close()
        self._start()
        return "timeout"

    def close(self) -> None:
        """Ends the child."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> None:
        # Forked, for the libraries are loaded here; the child touches neither torch nor the protocol.
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._connection, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()


def _serve(
    connection: multiprocessing.connection.Connection, parents_end: multiprocessing.connection.Connection, parent: int
) -> None:
    parents_end.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            return
    while True:
        try:
            reference, answer = connection.recv()
        except EOFError:
            return
        connection.send(answer_state(reference, answer))


def answer_state(reference: str, answer: str) -> str:
    """One pair, on a main thread: `math-verify` bounds its steps by SIGALRM, and says failures only by raising."""
    from math_verify import verify
    from math_verify.errors import TimeoutException

    try:
        gold = _read_reference(reference)
        if not gold:
            return "reference-unreadable"
        given = _read(answer)
        if not given:
            return "unreadable"
        right = verify(gold, given, timeout_seconds=_SECONDS_PER_STEP, raise_on_error=True)
    except TimeoutException:
        return "timeout"
    except Exception:  # sympy raises whatever its simplification met; equality was not shown
        return "incorrect"
    return "correct" if right else "incorrect"


def _read_reference(reference: str) -> list[Any]:
    """References are often bare LaTeX, which is only read as such between dollars."""
    if "$" not in reference and "\\boxed" not in reference:
        found = _read(f"${reference}$")
        if found:
            return found
    return _read(reference)


def _read(text: str) -> list[Any]:
    from math_verify import parse

    try:
        return parse(text, parsing_timeout=_SECONDS_PER_STEP, raise_on_error=True)
    except Exception as error:
        if type(error).__name__ == "TimeoutException":
            raise
        return []
