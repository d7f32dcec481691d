"""Supervised finetuning, full or LoRA, which resumes from its last checkpoint bit for bit."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

from .. import ENGINE_VERSION
from ..answers import warn_of_apart
from ..checkpoints import Checkpoint, CheckpointSaver, CheckpointStore
from ..errors import Cancelled, InputError
from ..files import read_records, sha256_of
from ..footprint import MICRO_BATCH_TOKENS, must_recompute
from ..job import Job
from ..model_card import write_model_card
from ..models import ModelCache, Student
from ..prompt_turns import PROMPT_TYPES
from ..reader import checked_reference
from ..rendering import Unreadable
from ..settings import read_settings
from ..trainable import Method, read_method, save_student, trainable_student
from ..training import Recipe, Row, Trainer, TrainingState, restore_trainer, trainer_tensors

_LOSSES_AVERAGED = 10
_DROPPED_NAMED = 20
_CARD_FULL = ("method", "learning_rate", "batch_size", "warmup", "final_rate", "beta2", "weight_decay", "clip", "seed")
_CARD = {"full": _CARD_FULL, "lora": (*_CARD_FULL, "rank", "alpha")}


@dataclasses.dataclass(frozen=True)
class Options:
    """The parameters of the operation. `epochs` counts only where `steps` is not given."""

    method: Method
    learning_rate: float
    epochs: float
    steps: int | None
    batch_size: int
    warmup: float
    final_rate: float
    beta2: float
    weight_decay: float
    clip: float | None
    checkpoint_seconds: float | None
    micro_batch_tokens: int
    max_length: int | None
    recompute: bool | None


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Output `model` (full: a whole model directory) or `adapter` (LoRA: a PEFT directory)."""
    options = _read_options(job)
    reference = checked_reference(job.spec.get("model"))
    if models.device.type == "cuda":
        models.clear()
    recompute = options.recompute
    if recompute is None:
        settings = read_settings(reference.get("settings"))
        micro_batch = options.micro_batch_tokens
        recompute = must_recompute(reference["base"], settings, options.method, models.device, micro_batch)
    with job.long_step("loading the student"):
        student = trainable_student(reference, options.method, models.device, recompute)
    rows, dropped = _rows(job, student, options)
    trainer = _trainer(job, student, rows, options)
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
    with job.long_step("writing the student"):
        outputs = _save(job, student, reference, options, metrics)
    return metrics, outputs


def _read_options(job: Job) -> Options:
    parameters = job.parameters
    method = read_method(parameters)
    options = Options(
        method=method,
        learning_rate=parameters.number("learningRate", 1e-5 if method.method == "full" else 2e-4, least=0.0),
        epochs=parameters.number("epochs", 3.0, least=0.0),
        steps=parameters.integer("steps", None, least=1),
        batch_size=parameters.integer("batchSize", 16, least=1),
        warmup=parameters.number("warmup", 0.03, least=0.0, most=1.0),
        final_rate=parameters.number("finalRate", 0.1, least=0.0, most=1.0),
        beta2=parameters.number("beta2", 0.999, least=0.0, most=1.0),
        weight_decay=parameters.number("weightDecay", 0.0, least=0.0),
        clip=parameters.number("clip", 1.0, least=0.0),
        checkpoint_seconds=parameters.number("checkpointSeconds", None, least=0.0),
        micro_batch_tokens=parameters.integer("microBatchTokens", MICRO_BATCH_TOKENS, least=1),
        max_length=parameters.integer("maxLength", None, least=1),
        recompute=parameters.flag("gradientCheckpointing", None),
    )
    parameters.done()
    return options


def _rows(job: Job, student: Student, options: Options) -> tuple[list[Row], int]:
    """The rows that the student can read and hold; each of the others is named, and none of them fails the job."""
    records = read_records(job.input("rows"), {"prompt": PROMPT_TYPES, "answer": str})
    names = [record["id"] for record in records]
    read = student.renderer.read_pairs([r["prompt"] for r in records], [r["answer"] for r in records])
    most = min(student.context, options.max_length or student.context)
    rows = []
    dropped: list[tuple[str, str]] = []
    for name, one in zip(names, read, strict=True):
        if isinstance(one, Unreadable):
            dropped.append((name, one.reason))
        elif len(one.ids) > most:
            dropped.append((name, f"is longer than {most} tokens: it has {len(one.ids)}"))
        else:
            rows.append(Row(name, one))
    for name, reason in dropped[:_DROPPED_NAMED]:
        job.warn(f"Row {name!r} {reason}; it is left out.")
    if len(dropped) > _DROPPED_NAMED:
        job.warn(f"{len(dropped)} of {len(records)} rows are left out; the first {_DROPPED_NAMED} are named.")
    warn_of_apart(job, names, read)
    if not rows:
        raise InputError(
            f"No row to learn from: {len(records)} were given, and the student can learn from none of them; "
            f"row {dropped[0][0]!r} {dropped[0][1]}."
            if dropped
            else "No row to learn from: none was given.",
        )
    return rows, len(dropped)


def _trainer(job: Job, student: Student, rows: list[Row], options: Options) -> Trainer:
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
        seed=options.method.seed,
        optimizer=options.method.optimizer,
    )
    state = TrainingState(micro_batch_tokens=options.micro_batch_tokens)
    return Trainer(student, rows, recipe, state, job.alive)


def _fingerprint(job: Job) -> str:
    """What a checkpoint belongs to: the job by content, and the environment. Resume is exact within these only."""
    facts = {
        "engine": ENGINE_VERSION,
        "libraries": [torch.__version__, transformers.__version__, peft.__version__],
        "threads": torch.get_num_threads(),
        "model": [(job.spec.get("model") or {}).get(part) for part in ("key", "settings")],
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


def _train(job: Job, trainer: Trainer, store: CheckpointStore, fingerprint: str, seconds: float | None) -> None:
    total = trainer.recipe.steps
    saver = CheckpointSaver(store, seconds, on_saved=job.saved)

    def checkpoint() -> Checkpoint:
        state = {**dataclasses.asdict(trainer.state), "fingerprint": fingerprint}
        return Checkpoint(trainer.state.step, trainer_tensors(trainer), state)

    saved_step = trainer.state.step
    try:
        while trainer.state.step < total:
            job.check()
            trainer.advance()
            job.progress(trainer.state.step, total, "steps")
            if trainer.state.step < total and saver.is_due():
                saver.save(checkpoint())
                saved_step = trainer.state.step
        saver.finish()
    except Cancelled:
        with job.long_step("writing a checkpoint before stopping"):
            if trainer.state.step > saved_step:
                saver.save(checkpoint())
            saver.finish()
        raise


def _save(
    job: Job, student: Student, reference: dict[str, Any], options: Options, metrics: dict[str, Any]
) -> dict[str, str]:
    """The student as the operations load it, and a model card."""
    recipe = {**dataclasses.asdict(options.method), **dataclasses.asdict(options), "method": options.method.method}
    facts = {name: value for name, value in recipe.items() if name in _CARD[options.method.method]} | metrics
    is_adapter = options.method.method == "lora"
    directory = job.output("adapter" if is_adapter else "model")
    save_student(student, reference, directory)
    write_model_card(directory, "Finetuned student", facts, is_adapter=is_adapter)
    return {directory.name: f"output/{directory.name}"}
