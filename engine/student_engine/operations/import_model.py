"""Brings a student or a reward model into the workspace: a directory, or a model of the Hugging Face hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from ..errors import InputError
from ..job import Job
from ..models import ModelCache, inference_type, load_reward_model, load_student

_WANTED = ("*.json", "model*.safetensors", "*.jinja", "*.model", "merges.txt", "vocab.txt")
_PICKLED = "pytorch_model*"
_HINT = "Name a directory with config.json, *.safetensors and tokenizer.json, or a hub id while there is a network."


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Checks that the model can be loaded, and a student is scored as its own code does; then copies its files."""
    parameters = job.parameters
    source = parameters.text("source")
    revision = parameters.text("revision", None)
    kind = parameters.text("kind", "student", choices=("student", "reward"))
    parameters.done()
    directory = Path(source) if Path(source).is_dir() else _download(job, source, revision)
    models.clear()
    if kind == "reward":
        model, metrics = _open_reward_model(directory, models.device)
    else:
        model, metrics = _open_student(directory, source, models.device)
    output = job.output("model")
    output.mkdir(parents=True, exist_ok=True)
    copied = 0
    for pattern in _WANTED:
        for path in sorted(directory.glob(pattern)):
            if path.match(_PICKLED):
                continue
            job.check()
            shutil.copyfile(path, output / path.name)
            copied += path.stat().st_size
            job.progress(copied, copied, "bytes")
    if not list(output.glob("model*.safetensors")):
        # Older weights, pickled: loaded without running code, kept in the safe format.
        model.save_pretrained(output)
    return metrics, {"model": "output/model"}


def _open_student(directory: Path, source: str, device: torch.device) -> tuple[Any, dict[str, Any]]:
    _check_kind(directory, source)
    student = load_student({"base": str(directory)}, device, inference_type(device))
    metrics = {
        "parameters": student.causal.num_parameters(),
        "vocabulary": student.vocabulary,
        "width": student.width,
        "context": student.context,
        "chatTemplate": "yes" if student.tokenizer.chat_template else "no",
        "endToken": student.tokenizer.convert_ids_to_tokens(student.renderer.end),
        "dtype": str(student.causal.config.dtype or torch.float32).removeprefix("torch."),
    }
    return student.causal, metrics


def _open_reward_model(directory: Path, device: torch.device) -> tuple[Any, dict[str, Any]]:
    reward_model = load_reward_model({"base": str(directory)}, device)
    return reward_model.model, {
        "parameters": reward_model.model.num_parameters(),
        "context": reward_model.context,
        "chatTemplate": "yes" if reward_model.tokenizer.chat_template else "no",
    }


def _download(job: Job, source: str, revision: str | None) -> Path:
    if source.startswith((".", "/", "~")) or source.count("/") > 1:
        raise InputError(f"The model {source} is not a directory.", _HINT)
    job.progress(0, 1, "downloads", f"downloading {source}")
    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=[*_WANTED, _PICKLED]))
    except Exception as error:  # the hub's client, its HTTP library and the network each raise their own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"The model {source!r} is no directory and the hub did not give it: {reason}", _HINT
        ) from error


def _check_kind(directory: Path, source: str) -> None:
    try:
        config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a missing file, broken JSON, an unknown type or foreign code
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source} is not a model that transformers knows: {reason}", _HINT) from error
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    architectures = config.architectures or []
    if not known & set(architectures):
        kind = ", ".join(architectures) or config.model_type
        raise InputError(f"{source} is not a causal language model: its architecture is {kind}.", _HINT)
