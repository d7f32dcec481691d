"""Checkpoints that a crash cannot spoil: written aside, fsynced, hashed in a manifest, renamed into place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .files import TEMPORARY_PREFIX, sha256_of, sync_directory, sync_tree

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
