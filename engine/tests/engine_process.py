"""Drives one engine process over its pipes, as the TypeScript client does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVE = Path(__file__).parent.parent / "serve.py"


class Engine:
    """A running engine; `ready` is its first line."""

    def __init__(self, wait: bool = True, command: list[str] | None = None) -> None:
        self.process = subprocess.Popen(
            command or [sys.executable, "-u", str(SERVE)],
            cwd=SERVE.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if "TUTELAGE_SHOW_ENGINE_LOG" not in os.environ else None,
            env={**os.environ, "TUTELAGE_DEVICE": os.environ.get("TUTELAGE_DEVICE", "cpu")},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._requests, self._events = self.process.stdin, self.process.stdout
        self.ready = self.read() if wait else {}

    def read(self) -> dict[str, Any]:
        """The next event; an engine that ended instead fails the test with its exit code."""
        line = self._events.readline()
        if not line:
            raise EOFError(f"the engine ended with {self.process.wait()}")
        return json.loads(line)

    def send(self, message: Any) -> None:
        """One line in, as JSON, or as it is when it is text."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._requests.write((text + "\n").encode())
        self._requests.flush()

    def start(self, directory: Path, op: str, **spec: Any) -> None:
        """Sends a job whose id is the name of its directory."""
        spec = {"op": op, "model": None, "inputs": {}, "parameters": {}, "threads": 1, **spec}
        self.send({"id": directory.name, "op": op, "dir": str(directory), "spec": spec})

    def finish(self, on_event: Callable[[dict[str, Any]], None] = lambda event: None) -> dict[str, Any]:
        """Reads up to the result or error."""
        while True:
            event = self.read()
            on_event(event)
            if event["event"] in ("result", "error"):
                return event

    def run(self, directory: Path, op: str, **spec: Any) -> dict[str, Any]:
        """A whole job, to its result or error."""
        self.start(directory, op, **spec)
        return self.finish()

    def close(self) -> int:
        """Closes stdin, as a parent that is gone does."""
        self._requests.close()
        return self.process.wait(timeout=10)


def write_lines(path: Path, records: list[dict[str, Any]]) -> list[str]:
    """Writes JSON lines; answers the path as an `inputs` value."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return [str(path)]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Reads JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def tree_hashes(directory: Path) -> dict[str, str]:
    """sha256 of every file below a directory, by relative path."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
