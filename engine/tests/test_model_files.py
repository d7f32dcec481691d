"""A model directory from somebody else reads nothing outside of itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from student_engine.errors import InputError
from student_engine.model_files import refuse_files_outside, refuse_nan_weights
from student_engine.models import load_student
from student_engine.operations.import_model import commit_of
from students import make_chat_student

PATTERNS = ("*.json", "model*.safetensors")


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model-1.safetensors").write_bytes(b"")
    index = {"weight_map": {"a.weight": "model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_files_of_the_directory_and_links_within_it_are_taken(tmp_path: Path) -> None:
    folder = model(tmp_path / "own")
    (folder / "model-2.safetensors").symlink_to("model-1.safetensors")
    refuse_files_outside(folder, PATTERNS)


def test_a_snapshot_of_the_hubs_cache_links_to_its_own_blobs(tmp_path: Path) -> None:
    folder = model(tmp_path / "models--a--b" / "snapshots" / "0123")
    blobs = tmp_path / "models--a--b" / "blobs"
    blobs.mkdir()
    (blobs / "ab").write_bytes(b"")
    (folder / "model-2.safetensors").symlink_to("../../blobs/ab")
    refuse_files_outside(folder, PATTERNS)


def test_a_link_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    folder = model(tmp_path / "own")
    (tmp_path / "secret").write_text("secret")
    (folder / "tokenizer.json").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match=r"tokenizer.json is a link to .*secret, outside"):
        refuse_files_outside(folder, PATTERNS)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = model(tmp_path / "own")
    os.mkfifo(folder / "tokenizer.json")
    with pytest.raises(InputError, match=r"tokenizer.json is not a regular file"):
        refuse_files_outside(folder, PATTERNS)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", ""])
def test_an_index_that_names_weights_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    folder = model(tmp_path / "own")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a.weight": name}}))
    with pytest.raises(InputError, match="which is not a file of its directory"):
        refuse_files_outside(folder, PATTERNS)


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"weight_map": [1]}'])
def test_an_index_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    folder = model(tmp_path / "own")
    (folder / "model.safetensors.index.json").write_text(text)
    with pytest.raises(InputError, match="is not an index of weights"):
        refuse_files_outside(folder, PATTERNS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_that_are_nan_are_named(tmp_path: Path, dtype: torch.dtype) -> None:
    good, bad = torch.ones(4, dtype=dtype), torch.full((4,), float("nan"), dtype=dtype)
    save_file({"a.weight": good, "b.weight": bad}, str(tmp_path / "model.safetensors"))
    with pytest.raises(InputError, match=r"holds NaN in b.weight"):
        refuse_nan_weights(tmp_path)
    save_file({"a.weight": good, "c.steps": torch.ones(2, dtype=torch.int64)}, str(tmp_path / "model.safetensors"))
    refuse_nan_weights(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    refuse_nan_weights(tmp_path)


class _Executes:
    """What a hostile checkpoint holds: something that runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def test_pickled_weights_with_code_are_refused_and_nobody_is_told_how_to_load_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = make_chat_student(tmp_path / "own")
    (folder / "model.safetensors").unlink()
    torch.save({"lm_head.weight": _Executes()}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="pickled weights hold more than tensors") as refusal:
        load_student({"base": str(folder)}, torch.device("cpu"))
    assert "weights_only" not in f"{refusal.value} {refusal.value.hint}"
    assert not (tmp_path / "executed").exists()


def test_a_model_of_the_hub_is_known_by_the_commit_that_was_taken(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--owner--model/snapshots/0123abc"
    snapshot.mkdir(parents=True)
    assert commit_of("owner/model", snapshot) == {"revision": "0123abc"}
    # The same folder, named as a folder, is that folder.
    assert commit_of(str(snapshot), snapshot) == {}
