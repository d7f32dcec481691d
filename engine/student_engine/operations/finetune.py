"""Supervised finetuning, full or LoRA, which goes on from its last checkpoint bit for bit."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model

from .. import ENGINE_VERSION
from ..answers import warn_of_apart
from ..checkpoints import Checkpoint, CheckpointStore
from ..errors import Cancelled, InputError
from ..files import copy_tokenizer_files, read_records, sha256_of
from ..job import Job
from ..model_card import write_model_card
from ..models import ModelCache, Student, checked_reference, inference_type, load_student
from ..randomness import stream_seed
from ..training import Recipe, Row, Trainer, TrainingState, restore_trainer, trainer_tensors

_MICRO_BATCH_TOKENS = 16384
_LOSSES_AVERAGED = 10
_CARD_FULL = ("method", "learning_rate", "batch_size", "warmup", "final_rate", "beta2", "weight_decay", "clip", "seed")
_CARD = {"full": _CARD_FULL, "lora": (*_CARD_FULL, "rank", "alpha")}


@dataclasses.dataclass(frozen=True)
class Options:
    """The parameters of the operation. `epochs` counts only where `steps` is not given."""

    method: str
    rank: int
    alpha: float
    learning_rate: float
    epochs: float
    steps: int | None
    batch_size: int
    warmup: float
    final_rate: float
    beta2: float
    weight_decay: float
    clip: float | None
    seed: int
    checkpoint_seconds: float
    micro_batch_tokens: int
    max_length: int | None
    gradient_checkpointing: bool


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Output `model` (full: a whole model directory) or `adapter` (LoRA: a PEFT directory)."""
    options = _read_options(job, models.device)
    reference = checked_reference(job.spec.get("model"))
    if models.device.type == "cuda":
        models.clear()
    student = _trainable_student(reference, options, models.device)
    rows, dropped = _rows(job, student, options)
    trainer = _trainer(student, rows, options)
    fingerprint = _fingerprint(job)
    store = CheckpointStore(job.directory / "checkpoints")
    _resume(job, trainer, store, fingerprint)
    _train(job, trainer, store, fingerprint, options.checkpoint_seconds)
    last = trainer.state.losses[-_LOSSES_AVERAGED:]
    metrics = {
        "steps": trainer.state.step,
        "rows": len(rows),
        "droppedRows": dropped,
        "tokens": trainer.state.tokens,
        "finalLoss": sum(last) / len(last),
    }
    return metrics, _save(job, student, reference, options, metrics)


def _read_options(job: Job, device: torch.device) -> Options:
    parameters = job.parameters
    method = parameters.text("method", choices=("full", "lora"))
    full = method == "full"
    options = Options(
        method=method,
        rank=parameters.integer("rank", 32, least=1),
        alpha=parameters.number("alpha", 64.0, least=0.0),
        learning_rate=parameters.number("learningRate", 1e-5 if full else 2e-4, least=0.0),
        epochs=parameters.number("epochs", 3.0, least=0.0),
        steps=parameters.integer("steps", None, least=1),
        batch_size=parameters.integer("batchSize", 16, least=1),
        warmup=parameters.number("warmup", 0.03, least=0.0, most=1.0),
        final_rate=parameters.number("finalRate", 0.1, least=0.0, most=1.0),
        beta2=parameters.number("beta2", 0.999, least=0.0, most=1.0),
        weight_decay=parameters.number("weightDecay", 0.0, least=0.0),
        clip=parameters.number("clip", 1.0, least=0.0),
        seed=parameters.integer("seed"),
        checkpoint_seconds=parameters.number("checkpointSeconds", 60.0, least=0.0),
        micro_batch_tokens=parameters.integer("microBatchTokens", _MICRO_BATCH_TOKENS, least=1),
        max_length=parameters.integer("maxLength", None, least=1),
        gradient_checkpointing=parameters.flag("gradientCheckpointing", device.type == "cuda"),
    )
    parameters.done()
    return options


def _trainable_student(reference: dict[str, Any], options: Options, device: torch.device) -> Student:
    """An own copy from disk: a cached student must never change. Weights that are trained are fp32 on every device."""
    lora = options.method == "lora"
    if reference.get("adapter") and not lora:
        raise InputError("Full finetuning cannot go on from an adapter.", "Use `method: lora`, or a base without one.")
    student = load_student(reference, device, inference_type(device) if lora else torch.float32, train=True)
    if lora and not reference.get("adapter"):
        torch.manual_seed(stream_seed(options.seed, "init"))
        config = LoraConfig(
            r=options.rank,
            lora_alpha=options.alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        student.model = get_peft_model(student.model, config)
    if options.gradient_checkpointing:
        student.causal.gradient_checkpointing_enable({"use_reentrant": False})
    return student


def _rows(job: Job, student: Student, options: Options) -> tuple[list[Row], int]:
    records = read_records(job.input("rows"), {"prompt": str, "answer": str})
    names = [record["id"] for record in records]
    sequences, apart = student.renderer.pairs([r["prompt"] for r in records], [r["answer"] for r in records], names)
    warn_of_apart(job, apart)
    most = min(student.context, options.max_length or student.context)
    rows = [Row(name, s) for name, s in zip(names, sequences, strict=True) if len(s.ids) <= most]
    dropped = len(records) - len(rows)
    if dropped:
        first = next(name for name, s in zip(names, sequences, strict=True) if len(s.ids) > most)
        job.warn(f"{dropped} of {len(records)} rows are longer than {most} tokens and are left out, first {first!r}.")
    if not rows:
        raise InputError(
            f"No row to learn from: {len(records)} were given, {dropped} of them longer than {most} tokens."
        )
    return rows, dropped


def _trainer(student: Student, rows: list[Row], options: Options) -> Trainer:
    batch_size = min(options.batch_size, len(rows))
    steps = options.steps or max(1, round(options.epochs * len(rows) / batch_size))
    recipe = Recipe(
        steps=steps,
        batch_size=batch_size,
        learning_rate=options.learning_rate,
        warmup=options.warmup,
        final_rate=options.final_rate,
        beta2=options.beta2,
        weight_decay=options.weight_decay,
        clip=options.clip,
        seed=options.seed,
    )
    return Trainer(student, rows, recipe, TrainingState(micro_batch_tokens=options.micro_batch_tokens))


def _fingerprint(job: Job) -> str:
    """What a checkpoint belongs to: the job by content, and the environment. Resume is exact within these only."""
    facts = {
        "engine": ENGINE_VERSION,
        "libraries": [torch.__version__, transformers.__version__, peft.__version__],
        "threads": torch.get_num_threads(),
        "model": (job.spec.get("model") or {}).get("key"),
        "parameters": job.spec["parameters"],
        "inputs": {name: [sha256_of(Path(file)) for file in files] for name, files in job.spec["inputs"].items()},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _resume(job: Job, trainer: Trainer, store: CheckpointStore, fingerprint: str) -> None:
    checkpoint = store.newest(job.warn)
    if checkpoint is None:
        return
    state = dict(checkpoint.state)
    if state.pop("fingerprint", None) != fingerprint:
        job.warn(
            f"Checkpoint {checkpoint.step} is of other data or another environment; training starts from the base."
        )
        return
    trainer.state = TrainingState(**state)
    restore_trainer(trainer, checkpoint.tensors)
    job.progress(checkpoint.step, trainer.recipe.steps, "steps", f"going on from step {checkpoint.step}")


def _train(job: Job, trainer: Trainer, store: CheckpointStore, fingerprint: str, seconds: float) -> None:
    total = trainer.recipe.steps
    saved_step, saved_at = trainer.state.step, time.monotonic()

    def save() -> None:
        nonlocal saved_step, saved_at
        if trainer.state.step == saved_step:
            return
        state = {**dataclasses.asdict(trainer.state), "fingerprint": fingerprint}
        store.save(Checkpoint(trainer.state.step, trainer_tensors(trainer), state))
        saved_step, saved_at = trainer.state.step, time.monotonic()
        job.saved(saved_step)

    while trainer.state.step < total:
        try:
            job.check()
        except Cancelled:
            save()
            raise
        trainer.advance()
        job.progress(trainer.state.step, total, "steps")
        if trainer.state.step < total and time.monotonic() - saved_at >= seconds:
            save()


def _save(
    job: Job, student: Student, reference: dict[str, Any], options: Options, metrics: dict[str, Any]
) -> dict[str, str]:
    """The weights as the operations load them, the base's own tokenizer files, and a model card."""
    facts = {
        name: value for name, value in dataclasses.asdict(options).items() if name in _CARD[options.method]
    } | metrics
    if options.method == "lora":
        directory = job.output("adapter")
        # Equal adapters must be equal files: no path of this machine, and no set in the order of this process's hashes.
        for config in student.model.peft_config.values():
            config.base_model_name_or_path = ""
            config.target_modules = sorted(config.target_modules)
        student.model.save_pretrained(directory, save_embedding_layers=False)
        usage = "model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), directory)  # from peft"
    else:
        directory = job.output("model")
        student.model.to(inference_type(student.device)).save_pretrained(directory)
        usage = None
    copy_tokenizer_files(reference["base"], directory)
    write_model_card(directory, "Finetuned student", facts, usage)
    return {directory.name: f"output/{directory.name}"}
