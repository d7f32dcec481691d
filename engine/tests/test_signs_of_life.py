"""An engine that works is heard within every batch and every long step; one that hangs is not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from engine_process import write_lines
from student_engine import job as jobs
from student_engine.job import Job
from student_engine.models import ModelCache
from student_engine.operations import predict


def job_in(directory: Path, spec: dict[str, Any], heard: list[dict[str, Any]]) -> Job:
    """A job whose events are kept."""
    return Job("job", "predict", directory, {"inputs": {}, "parameters": {}, **spec}, heard.append, lambda: False)


def test_every_token_of_one_batch_is_a_sign_of_life(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_PROGRESS", 0.0)
    heard: list[dict[str, Any]] = []
    spec = {
        "model": {"base": str(tiny), "adapter": None},
        "inputs": {"prompts": write_lines(tmp_path / "p.jsonl", [{"id": "a", "prompt": "1+1="}])},
        "parameters": {"maxNewTokens": 40},
    }
    predict.run(job_in(tmp_path / "job", spec, heard), ModelCache(torch.device("cpu")))
    [line] = (tmp_path / "job/output/predictions.jsonl").read_text().splitlines()
    tokens = line.count(",")
    assert sum(event["event"] == "progress" for event in heard) >= min(10, tokens)


@pytest.mark.parametrize("works", [True, False])
def test_a_long_step_is_heard_while_the_process_works_and_only_then(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    seen = threading.Event()

    def work_done() -> tuple[float, str]:
        nonlocal looks
        looks += 1
        if looks == 6:
            seen.set()
        return (float(looks) if works else 0.0, "")

    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_SIGNS", 0.001)
    monkeypatch.setattr(jobs, "_work_done", work_done)
    heard: list[dict[str, Any]] = []
    with job_in(tmp_path, {}, heard).long_step("merging"):
        assert seen.wait(60)
    assert {event["note"] for event in heard} == {"merging"}
    assert len(heard) >= 5 if works else len(heard) == 1
