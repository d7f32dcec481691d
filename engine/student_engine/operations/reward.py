"""Grades of answers by a reward model: a sequence classifier with one output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ..answers import warn_of_unreadable
from ..batching import by_length, share
from ..files import count_records, read_records, write_records
from ..job import Job
from ..models import ModelCache, RewardModel
from ..prompt_turns import PROMPT_TYPES, Prompt, written_out
from ..rendering import Unreadable

_BATCH_TOKENS = 8192
_DECIMALS = 6


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, reward, tokens}` in input order; `reward` is the raw logit, `null` where the text is too long or cannot
    be read. Each file is planned separately, and no two are in memory at once.
    """
    parameters = job.parameters
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    shard = parameters.shard()
    parameters.done()
    files = job.input("answers")
    with job.long_step("loading the reward model"):
        reward_model = models.get_reward(job.spec.get("model"))
    metrics = {"rows": 0, "ungradedRows": 0}
    rows = count_records(files) if len(files) > 1 else None
    lines = (line for name in files for line in _graded(job, reward_model, name, (budget, shard), metrics, rows))
    write_records(job.output("rewards.jsonl"), lines)
    return metrics, {"rewards": "output/rewards.jsonl"}


def _graded(
    job: Job,
    reward_model: RewardModel,
    name: str,
    options: tuple[int, tuple[int, int]],
    metrics: dict[str, int],
    all_rows: int | None,
) -> Iterator[dict[str, Any]]:
    budget, shard = options
    rows = read_records([name], {"prompt": PROMPT_TYPES, "answer": str})
    read = [conversation_ids(reward_model, row["prompt"], row["answer"]) for row in rows]
    warn_of_unreadable(job, [row["id"] for row in rows], read)
    # Nothing to grade; the limit below leaves these out as it does those that are too long.
    sequences = [[] if isinstance(ids, Unreadable) else ids for ids in read]
    lines: list[dict[str, Any]] = [
        {"id": row["id"], "reward": None, "tokens": len(ids)} for row, ids in zip(rows, sequences, strict=True)
    ]
    fitting = [index for index, ids in enumerate(sequences) if 0 < len(ids) <= reward_model.context]
    long = sum(len(ids) > reward_model.context for ids in sequences)
    if long:
        job.warn(f"{long} texts are longer than {reward_model.context} tokens and get no reward.")
    plan = [[fitting[place] for place in batch] for batch in by_length([len(sequences[i]) for i in fitting], budget)]
    batches, own = share(plan, len(rows), *shard)
    before, done, total = metrics["rows"], 0, sum(map(len, batches))
    for indices in batches:
        job.check()
        for index, reward in zip(indices, rewards(reward_model, [sequences[i] for i in indices]), strict=True):
            lines[index]["reward"] = round(reward, _DECIMALS)
        done += len(indices)
        job.progress(before + done, total if all_rows is None else all_rows, "rows")
    metrics["rows"] += len(own)
    metrics["ungradedRows"] += len(own) - total
    yield from (lines[index] for index in own)


def conversation_ids(reward_model: RewardModel, prompt: Prompt, answer: str) -> list[int] | Unreadable:
    """The whole conversation through the chat template (which brings its own BOS), or the two texts as a pair."""
    tokenizer = reward_model.tokenizer
    if not getattr(tokenizer, "chat_template", None):
        try:
            return tokenizer(written_out(prompt, None), answer, split_special_tokens=True)["input_ids"]
        except Exception as error:  # the tokenizers library raises bare Exception
            return Unreadable(f"cannot be read by the tokenizer: {error}")
    [ids] = reward_model.renderer.conversations([prompt], [answer])
    if isinstance(ids, Unreadable):
        return ids
    return ids[1:] if ids[:2] == [tokenizer.bos_token_id] * 2 else ids


@torch.inference_mode()
def rewards(reward_model: RewardModel, sequences: list[list[int]]) -> list[float]:
    """
    The logit at each row's own last token. The models themselves find that token by the pad id, which is wrong where
    padding is the end token and impossible where there is none; so the position is given here.
    """
    model, device = reward_model.model, reward_model.device
    longest = max(map(len, sequences))
    lasts = torch.tensor([len(ids) - 1 for ids in sequences], device=device)
    padded = torch.tensor([ids + [ids[-1]] * (longest - len(ids)) for ids in sequences], device=device)
    hidden = getattr(model, model.base_model_prefix)(input_ids=padded, use_cache=False).last_hidden_state
    return model.score(hidden[torch.arange(len(sequences), device=device), lasts])[:, 0].float().tolist()
