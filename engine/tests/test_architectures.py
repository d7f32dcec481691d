"""What becomes of small models of many architectures when they are rehearsed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from architectures import make_architecture
from student_engine.errors import InputError
from student_engine.job import Job
from student_engine.models import ModelCache, load_student
from student_engine.operations import merge as merging
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
    "gemma",
    "phi",
    "olmo3",
    "olmoe",
    "cohere2",
    "glm4",
    "exaone4",
    "nemotron",
    "deepseek_v3",
    "falcon",
    "opt",
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
    if method == "lora":
        merged = merge(tmp_path / "model", tmp_path / "lora", tmp_path / "merge")
        says_the_same(merged, tmp_path / "model", tmp_path / "lora")
    else:
        # What is exported: a directory that transformers alone loads.
        AutoModelForCausalLM.from_pretrained(tmp_path / "full")
        AutoTokenizer.from_pretrained(tmp_path / "full")


def merge(base: Path, adapter: Path, directory: Path) -> Path:
    """The job of `tutelage export --merged`: base and adapter as one model."""
    reference = {"base": str(base), "adapter": str(adapter)}
    spec: dict[str, Any] = {"model": reference, "inputs": {}, "parameters": {}}
    job = Job("merge", "merge", directory, spec, lambda _: None, lambda: False)
    metrics, outputs = merging.run(job, ModelCache(torch.device("cpu")))
    assert metrics["greedyTokensEqual"] >= metrics["probeTokens"] - 1
    return directory / outputs["model"]


@torch.inference_mode()
def says_the_same(merged: Path, base: Path, adapter: Path) -> None:
    """The merged model loads without peft, and its logits are those of base and adapter."""
    ids = torch.arange(5, 37)[None]
    whole = AutoModelForCausalLM.from_pretrained(merged).eval()
    apart = load_student({"base": str(base), "adapter": str(adapter)}, torch.device("cpu")).causal
    torch.testing.assert_close(whole(input_ids=ids).logits, apart(input_ids=ids).logits, rtol=1e-3, atol=1e-3)
    plain = AutoModelForCausalLM.from_pretrained(base).eval()
    assert not torch.equal(plain(input_ids=ids).logits, whole(input_ids=ids).logits), "the adapter is not in it"
    assert AutoTokenizer.from_pretrained(merged).chat_template


@pytest.mark.parametrize("name", FULL_ALONE)
def test_a_student_that_peft_refuses_is_refused_with_its_reason_and_finetuned_in_full(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="LoRA does not suit"):
        rehearsed(name, "lora", tmp_path / "lora")
    rehearsed(name, "full", tmp_path / "full")


def test_a_student_whose_code_does_not_work_with_an_adapter_is_refused_and_finetuned_in_full(tmp_path: Path) -> None:
    # Its router reads the weight of a layer that the adapter has wrapped.
    with pytest.raises(InputError, match="PhimoeForCausalLM cannot be finetuned with method lora"):
        rehearsed("phimoe", "lora", tmp_path / "lora")
    rehearsed("phimoe", "full", tmp_path / "full")


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_student_that_would_answer_wrongly_in_silence_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason):
        rehearsed(name, "full", tmp_path)
