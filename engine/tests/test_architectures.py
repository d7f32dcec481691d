"""What becomes of small models of many architectures when they are rehearsed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from architectures import make_architecture
from student_engine.errors import InputError
from student_engine.rehearsal import rehearse
from student_engine.trainable import Method

# Predicts, scores, finetunes in both ways, saves and loads.
SUPPORTED = [
    "llama",
    "qwen2",
    "qwen3",
    "qwen3_moe",
    "mistral",
    "mixtral",
    "gemma2",
    "gemma3_text",
    "phi3",
    "gpt2",
    "gpt_neox",
    "granite",
    "olmo2",
    "smollm3",
    "starcoder2",
    "lfm2",
    "qwen3_next",
    "qwen3_5_text",
    "granitemoehybrid",
    "jamba",
]
FULL_ALONE = ["mamba", "mamba2", "falcon_h1"]
REFUSED = {"rwkv": "carries its state", "bamba": "answers otherwise in a batch with a cache"}


@contextlib.contextmanager
def quietly(_: str) -> Iterator[None]:
    yield


def rehearsed(name: str, method: str, folder: Path) -> None:
    model = make_architecture(name, folder / "model")
    device = torch.device("cpu")
    rehearse({"base": str(model)}, Method(method, 1, rank=4), device, folder / method, name, quietly)


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("name", SUPPORTED)
def test_it_answers_in_a_ragged_batch_as_alone_and_is_the_same_when_it_was_trained_saved_and_loaded(
    name: str, method: str, tmp_path: Path
) -> None:
    rehearsed(name, method, tmp_path)


@pytest.mark.parametrize("name", FULL_ALONE)
def test_a_student_that_peft_refuses_is_refused_with_its_reason_and_finetuned_in_full(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="LoRA does not suit"):
        rehearsed(name, "lora", tmp_path / "lora")
    rehearsed(name, "full", tmp_path / "full")


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_student_that_would_answer_wrongly_in_silence_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason):
        rehearsed(name, "full", tmp_path)
