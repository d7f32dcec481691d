"""Checkpoints that a crash cannot spoil: written aside, fsynced, hashed in a manifest, renamed into place."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .files import TEMPORARY_PREFIX, sha256_of, sync_directory, sync_tree

# Unless a time is given, a checkpoint a minute, or as seldom as makes them stop the training for at most a twentieth
# of the time, and keep the disk busy for at most a quarter of it.
_SECONDS_BETWEEN = 60.0
_BLOCKED_SHARE_MAX, _WRITING_SHARE_MAX = 0.05, 0.25
_KEPT = 2
_NAME = "ckpt-"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name (weights and optimizer moments) and a small JSON state."""

    step: int
    tensors: dict[str, torch.Tensor]
    state: dict[str, Any]


class CheckpointStore:
    """The checkpoints of one job, newest first by number."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, checkpoint: Checkpoint) -> None:
        """Durable when this returns; older ones beyond the last two are removed afterwards."""
        self._directory.mkdir(parents=True, exist_ok=True)
        temporary = self._directory / f"{TEMPORARY_PREFIX}{checkpoint.step}-{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        save_file(
            {name: tensor.contiguous() for name, tensor in checkpoint.tensors.items()},
            temporary / "tensors.safetensors",
        )
        (temporary / "state.json").write_text(json.dumps(checkpoint.state), encoding="utf-8")
        files = {path.name: [path.stat().st_size, sha256_of(path)] for path in sorted(temporary.iterdir())}
        manifest = {"step": checkpoint.step, "files": files}
        (temporary / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        sync_tree(temporary)
        final = self._directory / f"{_NAME}{checkpoint.step}"
        shutil.rmtree(final, ignore_errors=True)
        os.rename(temporary, final)
        sync_directory(self._directory)
        for old in self._steps()[_KEPT:]:
            shutil.rmtree(self._directory / f"{_NAME}{old}", ignore_errors=True)

    def newest(self, warn: Callable[[str], None]) -> Checkpoint | None:
        """The newest one whose files are those of its manifest; damaged ones are named and passed over."""
        for step in self._steps():
            checkpoint = self._read(step)
            if checkpoint is not None:
                return checkpoint
            warn(f"Checkpoint {step} is damaged and is not used.")
        return None

    def _steps(self) -> list[int]:
        if not self._directory.is_dir():
            return []
        names = (path.name.removeprefix(_NAME) for path in self._directory.glob(f"{_NAME}*"))
        return sorted((int(name) for name in names if name.isdigit()), reverse=True)

    def _read(self, step: int) -> Checkpoint | None:
        directory = self._directory / f"{_NAME}{step}"
        try:
            manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
            for name, (size, digest) in manifest["files"].items():
                path = directory / name
                if path.stat().st_size != size or sha256_of(path) != digest:
                    return None
            state = json.loads((directory / "state.json").read_text(encoding="utf-8"))
            tensors = load_file(directory / "tensors.safetensors")
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None
        return Checkpoint(step, tensors, state) if manifest.get("step") == step else None


class CheckpointSaver:
    """Writes checkpoints from a copy, in a thread of its own, one at a time, and no oftener than they are worth."""

    def __init__(self, store: CheckpointStore, seconds: float | None, on_saved: Callable[[int], None]) -> None:
        self._store, self._seconds, self._on_saved = store, seconds, on_saved
        self._writer: threading.Thread | None = None
        self._failure: Exception | None = None
        self._pause = _SECONDS_BETWEEN if seconds is None else seconds
        self._saved_at = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time for another one. Without a time given, never while one is being written."""
        is_writing = self._writer is not None and self._writer.is_alive()
        if is_writing and self._seconds is None:
            return False
        return time.monotonic() - self._saved_at >= self._pause

    def save(self, checkpoint: Checkpoint) -> None:
        """Copies the tensors and begins to write; waits for an earlier one first. Raises what writing that one met."""
        began = time.monotonic()
        self.finish()
        # An optimizer changes weights and moments in place, and the device's own memory is needed for other things.
        tensors = {name: _copy(tensor) for name, tensor in checkpoint.tensors.items()}
        self._saved_at = time.monotonic()
        copy = Checkpoint(checkpoint.step, tensors, checkpoint.state)
        if self._seconds is None:
            self._pause = max(self._pause, (self._saved_at - began) / _BLOCKED_SHARE_MAX)
        self._writer = threading.Thread(target=self._write, args=(copy,))
        self._writer.start()

    def finish(self) -> None:
        """Waits until what is being written is on the disk."""
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _write(self, checkpoint: Checkpoint) -> None:
        began = time.monotonic()
        try:
            self._store.save(checkpoint)
            self._on_saved(checkpoint.step)
        except Exception as error:  # raised where the job can fail of it
            self._failure = error
        if self._seconds is None:
            self._pause = max(self._pause, (time.monotonic() - began) / _WRITING_SHARE_MAX)


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach()
    return tensor.clone() if tensor.device.type == "cpu" else tensor.cpu()
