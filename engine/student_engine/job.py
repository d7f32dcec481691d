"""One job: its specification, its directory, and how it speaks while it works."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import Cancelled, InputError
from .files import remove_temporary, sync_tree, write_json_atomically
from .parameters import Parameters

_SECONDS_BETWEEN_PROGRESS = 0.2
_SECONDS_BETWEEN_LOCK_ATTEMPTS = 0.1
_SECONDS_BETWEEN_SIGNS = 5.0


@dataclass
class Job:
    """What an operation is given. `emit` writes one protocol line; `stopped` says whether the job was asked to stop."""

    id: str
    operation: str
    directory: Path
    spec: dict[str, Any]
    emit: Callable[[dict[str, Any]], None]
    stopped: Callable[[], bool]
    warnings: list[str] = field(default_factory=list)
    _last_progress: float = field(default=-1e9)
    _last_count: tuple[int, int, str] = field(default=(0, 1, "steps"))

    @property
    def parameters(self) -> Parameters:
        """The parameters, to be read by name and closed with `done()`."""
        return Parameters(self.spec["parameters"], self.operation)

    def input(self, name: str) -> list[str]:
        """The files of a named input; an absent name is an input error."""
        files = self.spec["inputs"].get(name)
        if not files:
            given = ", ".join(self.spec["inputs"]) or "none"
            raise InputError(f"`{self.operation}` needs the input `{name}`; given: {given}.")
        return files

    def output(self, name: str) -> Path:
        """Where a named output goes, inside the job's directory."""
        path = self.directory / "output" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def check(self) -> None:
        """Called at every step and batch boundary: the only places where a job stops on request."""
        if self.stopped():
            raise Cancelled()

    def progress(self, done: int, total: int, unit: str, note: str | None = None) -> None:
        """Real work done. At most five lines a second leave; the last one always does."""
        self._last_count = (done, total, unit)
        now = time.monotonic()
        if done < total and now - self._last_progress < _SECONDS_BETWEEN_PROGRESS:
            return
        self._last_progress = now
        event = {"event": "progress", "id": self.id, "done": done, "total": total, "unit": unit}
        self.emit(event if note is None else {**event, "note": note})

    def alive(self) -> None:
        """Something was done that is too small to count: a token of a batch, a file of a copy."""
        if time.monotonic() - self._last_progress >= _SECONDS_BETWEEN_PROGRESS:
            self.progress(*self._last_count)

    @contextmanager
    def long_step(self, note: str) -> Iterator[None]:
        """
        Around one call that can say nothing while it works: a download, a load, a merge, a checkpoint. A thread tells
        of it as long as this process computes, reads or writes; one that does nothing at all hangs, and stays silent.
        """
        ended = threading.Event()
        self._tell(note)

        def watch() -> None:
            before = _work_done()
            while not ended.wait(_SECONDS_BETWEEN_SIGNS):
                now = _work_done()
                if now != before:
                    self._tell(note)
                before = now

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def _tell(self, note: str) -> None:
        done, total, unit = self._last_count
        event = {"event": "progress", "id": self.id, "done": done, "total": total, "unit": unit, "note": note}
        self.emit(event)

    def warn(self, message: str) -> None:
        """Something a person should know that does not stop the job. It is kept with the job's result too."""
        self.warnings.append(message)
        self.emit({"event": "warn", "id": self.id, "message": message})

    def saved(self, step: int) -> None:
        """A checkpoint is on disk."""
        self.emit({"event": "checkpoint", "id": self.id, "step": step})


def _work_done() -> tuple[float, str]:
    """Grows while this process does anything: its CPU time in tenths of a second, and the bytes from and to disks."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:  # not on Linux
        lines = []
    # Not its characters read: looking here would be counted among them.
    disk = [line for line in lines if line.startswith(("read_bytes", "write_bytes"))]
    return round(time.process_time(), 1), "".join(disk)


@contextmanager
def locked(job: Job) -> Iterator[None]:
    """Holds the job's directory. A second engine waits here: two must never train side by side in one directory."""
    job.directory.mkdir(parents=True, exist_ok=True)
    with open(job.directory / "run.lock", "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                job.check()
                job.progress(0, 1, "lock", "waiting for another engine that holds this job")
                time.sleep(_SECONDS_BETWEEN_LOCK_ATTEMPTS)
        yield


def clean(directory: Path) -> None:
    """Removes what an earlier attempt left half done; checkpoints stay."""
    remove_temporary(directory)
    remove_temporary(directory / "checkpoints")
    shutil.rmtree(directory / "output", ignore_errors=True)


def finished_result(directory: Path) -> dict[str, Any] | None:
    """The result of an earlier attempt, when it and all its outputs are there."""
    try:
        result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
        outputs = result["outputs"]
        whole = "metrics" in result and all((directory / path).exists() for path in outputs.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return result if whole else None


def finish(directory: Path, metrics: dict[str, Any], outputs: dict[str, str]) -> dict[str, Any]:
    """Makes the outputs durable, then writes `result.json`: from then on the job is done for ever."""
    if (directory / "output").exists():
        sync_tree(directory / "output")
    result = {"metrics": metrics, "outputs": outputs}
    write_json_atomically(directory / "result.json", result)
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)
    return result


def parse_request(request: Any) -> tuple[str, str, Path, dict[str, Any]]:
    """Checks one request line: `(id, op, directory, spec)`."""
    if not isinstance(request, dict) or not isinstance(request.get("id"), str):
        raise InputError("A request needs a string `id`.")
    directory, spec = request.get("dir"), request.get("spec")
    if not isinstance(directory, str) or not os.path.isabs(directory):
        raise InputError(f"`dir` must be an absolute path, got {directory!r}.")
    if not isinstance(spec, dict):
        raise InputError("A request needs a `spec` object.")
    operation = request.get("op", spec.get("op"))
    spec = {**spec, "inputs": spec.get("inputs") or {}, "parameters": spec.get("parameters") or {}}
    if not isinstance(spec["inputs"], dict) or not all(_is_paths(files) for files in spec["inputs"].values()):
        raise InputError("`inputs` must map names to lists of absolute paths.")
    if not isinstance(spec["parameters"], dict):
        raise InputError("`parameters` must be an object.")
    return request["id"], str(operation), Path(directory), spec


def _is_paths(files: Any) -> bool:
    return isinstance(files, list) and all(isinstance(file, str) and os.path.isabs(file) for file in files)
