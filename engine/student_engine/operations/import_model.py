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
from ..files import TEMPORARY_PREFIX
from ..footprint import MICRO_BATCH_TOKENS, alternatives, footprint_of, refuse_what_cannot_fit
from ..job import Job
from ..model_files import refuse_files_outside, refuse_nan_weights
from ..models import ModelCache, load_reward_model, load_student
from ..rehearsal import rehearse
from ..settings import read_settings
from ..trainable import Method, read_method

_WANTED = (
    "*.json",
    "model*.safetensors",
    "*.jinja",
    "*.model",
    "*.py",
    "merges.txt",
    "vocab.txt",
    "README.md",
    "LICENSE*",
)
_REHEARSED_TOKENS = 1024
_PICKLED = "pytorch_model*"
_HINT = "Name a directory with config.json, *.safetensors and tokenizer.json, or a hub id while there is a network."


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Copies a model's files. A student is rehearsed before: what a run with this method would fail of, is refused here.
    `content` names what a directory holds, so that another content is another job.
    """
    parameters = job.parameters
    source = parameters.text("source")
    parameters.text("content", None)
    revision = parameters.text("revision", None)
    kind = parameters.text("kind", "student", choices=("student", "reward"))
    settings = parameters.mapping("settings", {})
    method = read_method(parameters, default="lora")
    parameters.done()
    directory = Path(source) if Path(source).is_dir() else _download(job, source, revision)
    refuse_files_outside(directory, (*_WANTED, _PICKLED))
    with job.long_step("checking the weights"):
        refuse_nan_weights(directory)
    models.clear()
    if kind == "reward":
        with job.long_step("loading the reward model"):
            model, metrics = _open_reward_model(directory, models.device)
    else:
        model, metrics = _open_student(job, (directory, source), settings, method, models.device)
    output = job.output("model")
    with job.long_step("copying the model"):
        _copy(job, directory, output)
        if not list(output.glob("model*.safetensors")):
            # Older weights, pickled: loaded without running code, kept in the safe format.
            model.save_pretrained(output)
    return metrics | commit_of(source, directory), {"model": "output/model"}


def commit_of(source: str, directory: Path) -> dict[str, str]:
    """The hub's cache names a snapshot by its commit: a branch may move, what was taken does not."""
    is_of_hub = not Path(source).is_dir() and directory.parent.name == "snapshots"
    return {"revision": directory.name} if is_of_hub else {}


def _copy(job: Job, directory: Path, output: Path) -> None:
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


def _open_student(
    job: Job, names: tuple[Path, str], settings: dict[str, Any], method: Method, device: torch.device
) -> tuple[Any, dict[str, Any]]:
    directory, source = names
    read = read_settings(settings)
    _check_kind(directory, source, read.trust_remote_code)
    reference = {"base": str(directory), "settings": settings}
    least = footprint_of(str(directory), read, method, device, _REHEARSED_TOKENS)
    others = alternatives(str(directory), read, method, device, _REHEARSED_TOKENS)
    job.directory.mkdir(parents=True, exist_ok=True)
    refuse_what_cannot_fit(least, others, device, job.directory, source)
    scratch = job.directory / f"{TEMPORARY_PREFIX}rehearsal"
    try:
        speed = rehearse(reference, method, device, scratch, source, job.long_step)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    student = load_student(reference, device)
    metrics = {
        **footprint_of(str(directory), read, method, device, MICRO_BATCH_TOKENS).metrics(),
        "vocabulary": student.vocabulary,
        "width": student.width,
        "context": student.context,
        "chatTemplate": "yes" if student.tokenizer.chat_template else "no",
        "endToken": student.tokenizer.convert_ids_to_tokens(student.renderer.end),
        "dtype": str(student.causal.config.dtype or torch.float32).removeprefix("torch."),
        "decodeTokensPerSecond": round(speed.decode, 1),
        "trainTokensPerSecond": round(speed.train, 1),
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
    try:
        with job.long_step(f"downloading {source}"):
            return Path(snapshot_download(source, revision=revision, allow_patterns=[*_WANTED, _PICKLED]))
    except Exception as error:  # the hub's client, its HTTP library and the network each raise their own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"The model {source!r} is not a directory, and it could not be downloaded from the hub: {reason}", _HINT
        ) from error


def _check_kind(directory: Path, source: str, trust_remote_code: bool) -> None:
    try:
        config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=trust_remote_code)
    except Exception as error:  # a missing file, broken JSON, an unknown type or foreign code
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source} is not a model that transformers knows: {reason}", _HINT) from error
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    architectures = config.architectures or []
    if trust_remote_code and "AutoModelForCausalLM" in (getattr(config, "auto_map", None) or {}):
        return
    if not known & set(architectures):
        kind = ", ".join(architectures) or config.model_type
        raise InputError(f"{source} is not a causal language model: its architecture is {kind}.", _HINT)
