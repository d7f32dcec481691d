"""A limit on the processor time of code that somebody else wrote, such as a chat template."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TimeLimitReached(Exception):
    """The code within the limit did not end in time."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """
    Raises `TimeLimitReached` in the code within, once it has used so much processor time: what waits for a busy machine
    is not at fault. Python runs signal handlers between two of its instructions, on the main thread, where jobs run;
    on another thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeLimitReached(f"it did not end within {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    # Again and again: code that catches everything would go on after the first.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
