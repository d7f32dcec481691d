"""
How fast the engine is beside the shortest loops that do the same: scoring beside a bare forward pass, training beside a
bare loop, prediction beside bare greedy decoding, each over the same batches, in turn, in one process. Then the memory
of scoring with a large vocabulary, and k-means++ over a large pool.

    python bench/engine.py [tiny] [100m] [memory] [kmeans]      all of them by default

Prints one line of JSON a measurement.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

import numpy
import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from student_engine.batching import by_exact_length, by_length
from student_engine.decoding import decode
from student_engine.devices import choose_device
from student_engine.job import Job
from student_engine.models import ModelCache, Student
from student_engine.operations import init_tiny, predict, score
from student_engine.operations.kmeans import kmeans_plus_plus
from student_engine.rendering import Sequence
from student_engine.sampling import Request, Sampling
from student_engine.scoring import answer_statistics
from student_engine.training import Recipe, Row, Trainer, TrainingState

ALPHABET = "0123456789+-*%=<>|/ pados"
SIZES = {
    # rows, characters of an answer, new tokens, batch of training, its steps in one round, rounds
    "tiny": {"rows": 3000, "answer": 12, "new": 16, "batch": 64, "steps": 10, "rounds": 5},
    "100m": {"rows": 12, "answer": 40, "new": 12, "batch": 4, "steps": 2, "rounds": 3},
}
LARGE = {"hiddenSize": 768, "intermediateSize": 2048, "layers": 14, "heads": 12}


def main() -> None:
    """Runs what is named."""
    torch.set_num_threads(1)
    device = choose_device()
    wanted = sys.argv[1:] or ["tiny", "100m", "memory", "kmeans"]
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            if name in SIZES:
                compare(name, Path(folder) / name, device)
    if "memory" in wanted:
        vocabulary_memory(device)
    if "kmeans" in wanted:
        kmeans()


def say(**facts: Any) -> None:
    """One measurement."""
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in facts.items()}), flush=True)


def job(folder: Path, operation: str, model: dict[str, Any] | None, inputs: dict[str, Any], **parameters: Any) -> Job:
    """A job without a process around it."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"op": operation, "model": model, "inputs": inputs, "parameters": parameters, "threads": 1}
    return Job(operation, operation, folder, spec, lambda event: None, lambda: False)


def compare(name: str, folder: Path, device: torch.device) -> None:
    """The three comparisons for one model."""
    size = SIZES[name]
    sizes = LARGE if name == "100m" else {}
    init_tiny.run(job(folder / "model", "init-tiny", None, {}, alphabet=ALPHABET, seed=1, **sizes), ModelCache(device))
    models = ModelCache(device)
    model = {"base": str(folder / "model/output/model"), "adapter": None, "key": name}
    student = models.get(model)
    parameters = sum(parameter.numel() for parameter in student.causal.parameters())
    rows = [
        {"id": str(i), "prompt": f"{i % 97}+{i % 89}*{i % 7}=", "answer": "0123456789" * 9} for i in range(size["rows"])
    ]
    for row in rows:
        row["answer"] = row["answer"][: size["answer"] - int(row["id"]) % 5]
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairs, _ = student.renderer.pairs(*[[r[k] for r in rows] for k in ("prompt", "answer", "id")])
    facts = {"model": name, "parameters": parameters, "device": device.type, "threads": torch.get_num_threads()}

    tokens = sum(len(pair.ids) for pair in pairs)
    scoring = job(folder / "score", "score", model, {"answers": [str(path)]})
    batches = by_length([len(pair.ids) for pair in pairs], 8192)
    beside(
        "score",
        tokens,
        size["rounds"],
        facts,
        job=lambda: score.run(scoring, models),
        ours=lambda: [answer_statistics(student, [pairs[i] for i in batch]) for batch in batches],
        bare=lambda: bare_scoring(student, pairs, batches),
    )

    predicting = job(folder / "p", "predict", model, {"prompts": [str(path)]}, maxNewTokens=size["new"])
    prompts = student.renderer.prompts([r["prompt"] for r in rows], [r["id"] for r in rows])
    groups = by_exact_length([len(ids) for ids in prompts], size["new"], 16384)
    # No row ends early on either side: both generate the same number of tokens.
    student.renderer.ends = set()
    requests = [Request(str(i), ids, size["new"]) for i, ids in enumerate(prompts)]
    greedy = Sampling(0.0, 0)
    beside(
        "predict",
        size["new"] * len(rows),
        size["rounds"],
        facts,
        job=lambda: predict.run(predicting, models),
        ours=lambda: [decode(student, [requests[i] for i in group], greedy) for group in groups],
        bare=lambda: bare_decoding(student, prompts, groups, size["new"]),
    )
    training(student, pairs, size, facts)


def beside(what: str, tokens: int, rounds: int, facts: dict[str, Any], **works: Callable[[], Any]) -> None:
    """
    All in turn, after one round to warm up; the best of each, since what disturbs only ever slows. `ours` is the
    engine's work on the batches, `job` a whole job: reading, tokenising and writing too.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            times[name].append(time.perf_counter() - start)
    best = {name: min(values[1:]) for name, values in times.items()}
    rates = {f"{name}_tokens_per_second": round(tokens / best[name]) for name in best}
    shares = {f"share_of_{name}": best["bare"] / best[name] for name in best if name != "bare"}
    say(measurement=what, **facts, tokens=tokens, **rates, **shares)


@torch.inference_mode()
def bare_scoring(student: Student, pairs: list[Any], batches: list[list[int]]) -> None:
    """The model's own forward pass over the padded batches, logits and all."""
    for batch in batches:
        longest = max(len(pairs[i].ids) for i in batch)
        ids = [pairs[i].ids + [0] * (longest - len(pairs[i].ids)) for i in batch]
        student.causal(input_ids=torch.tensor(ids, device=student.device), use_cache=False)


@torch.inference_mode()
def bare_decoding(student: Student, prompts: list[list[int]], groups: list[list[int]], new: int) -> None:
    """Greedy decoding of batches of one length."""
    for group in groups:
        tokens = torch.tensor([prompts[i] for i in group], device=student.device)
        cache = DynamicCache(config=student.causal.config)
        for _ in range(new):
            logits = student.causal(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
            tokens = logits[:, -1].argmax(-1)[:, None]
        tokens.cpu()


def training(student: Student, pairs: list[Any], size: dict[str, Any], facts: dict[str, Any]) -> None:
    """The trainer's steps beside forward, backward, clip and step over the same rows."""
    student.model.requires_grad_(True)
    rows = [Row(str(i), pair) for i, pair in enumerate(pairs)]
    recipe = Recipe(1000, size["batch"], 1e-4, 0.0, 1.0, 0.98, 0.01, 1.0, 1)
    trainer = Trainer(student, rows, recipe, TrainingState(micro_batch_tokens=1 << 20))
    parameters = [p for p in student.causal.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    batches = [trainer.order.batch(step) for step in range(size["steps"])]

    def ours() -> None:
        trainer.state.step = 0
        for _ in batches:
            trainer.advance()

    def bare() -> None:
        for batch in batches:
            longest = max(len(pairs[i].ids) for i in batch)
            ids = [pairs[i].ids + [0] * (longest - len(pairs[i].ids)) for i in batch]
            labels = [[-100] * pairs[i].start + pairs[i].answer + [-100] * (longest - len(pairs[i].ids)) for i in batch]
            optimizer.zero_grad(set_to_none=True)
            tensors = {"input_ids": ids, "labels": labels}
            inputs = {k: torch.tensor(v, device=student.device) for k, v in tensors.items()}
            student.causal(**inputs, use_cache=False).loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    tokens = sum(len(pairs[i].ids) for batch in batches for i in batch)
    beside("train", tokens, size["rounds"], facts, ours=ours, bare=bare)


def vocabulary_memory(device: torch.device) -> None:
    """What scoring 8,192 tokens adds to the memory of a model with 152,000 tokens in its vocabulary."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=152_000, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
        tie_word_embeddings=True, max_position_embeddings=512,
    )  # fmt: skip
    model = LlamaForCausalLM(config).to(device).eval()
    student = Student(model, None, SimpleNamespace(end=0), device)  # type: ignore[arg-type]
    sequences = [Sequence([(7 * i + j) % 152_000 for j in range(256)], 1) for i in range(32)]
    answer_statistics(student, [Sequence([1, 2, 3], 1)])
    before = _peak_bytes(device)
    start = time.perf_counter()
    answer_statistics(student, sequences)
    say(
        measurement="memory of scoring",
        vocabulary=152_000,
        tokens=8192,
        device=device.type,
        above_model_mib=(_peak_bytes(device) - before) / 2**20,
        full_logits_mib=8192 * 152_000 * 4 / 2**20,
        seconds=time.perf_counter() - start,
    )


def kmeans() -> None:
    """1,000 of 100,000 rows of 512 numbers, on two threads."""
    torch.set_num_threads(2)
    points = numpy.random.default_rng(1).standard_normal((100_000, 512), dtype=numpy.float32)
    before = _peak_bytes(torch.device("cpu"))
    start = time.perf_counter()
    kmeans_plus_plus(points, 1000, 1)
    seconds = time.perf_counter() - start
    say(
        measurement="k-means++",
        rows=100_000,
        dimensions=512,
        chosen=1000,
        threads=2,
        seconds=seconds,
        above_table_mib=(_peak_bytes(torch.device("cpu")) - before) / 2**20,
        table_mib=points.nbytes / 2**20,
    )


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
