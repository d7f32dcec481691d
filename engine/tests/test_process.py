"""What the process promises: warm equals fresh, killed equals uninterrupted, and nothing outlives its parent."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from engine_process import Engine, read_lines, tree_hashes, write_lines

ROWS = [{"prompt": f"{a}*{b}=", "answer": str(a * b)} for a in range(10) for b in range(6)]


def finetune_spec(student: Path, rows: list[str], method: str, steps: int, **more: Any) -> dict[str, Any]:
    parameters = {
        "method": method,
        "rank": 4,
        "alpha": 8,
        "learningRate": 3e-3,
        "batchSize": 16,
        "steps": steps,
        "seed": 7,
    }
    model = {"base": str(student), "adapter": None, "key": "base"}
    return {"model": model, "inputs": {"rows": rows}, "parameters": {**parameters, "checkpointSeconds": 0, **more}}


def run_until_checkpoint(engine: Engine, step: int) -> None:
    while True:
        event = engine.read()
        assert event["event"] not in ("result", "error"), event
        if event["event"] == "checkpoint" and event["step"] >= step:
            return


@pytest.mark.parametrize(("method", "last_signal"), [("full", signal.SIGTERM), ("lora", signal.SIGKILL)])
def test_killed_and_cancelled_on_the_way_the_weights_are_those_of_an_uninterrupted_run(
    engine: Engine, tiny: Path, tmp_path: Path, method: str, last_signal: signal.Signals
) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", ROWS)
    spec = finetune_spec(tiny, rows, method, 120)
    uninterrupted = engine.run(tmp_path / "uninterrupted", "finetune", **spec)
    job = tmp_path / "disturbed"
    for step, how in ((11 + os.getpid() % 13, signal.SIGKILL), (45, last_signal)):
        victim = Engine()
        victim.start(job, "finetune", **spec)
        run_until_checkpoint(victim, step)
        victim.process.send_signal(how)
        assert victim.process.wait(timeout=10) == (74 if how == signal.SIGTERM else -9)
    (job / "checkpoints" / ".tmp-999-1").mkdir()
    engine.start(job, "finetune", **spec)
    notes: list[dict[str, Any]] = []
    while not any("step" in event and event["step"] >= 80 for event in notes):
        notes.append(engine.read())
    engine.send({"cancel": job.name})
    assert engine.finish()["code"] == "cancelled"
    going_on = [event["done"] for event in notes if "going on" in event.get("note", "")]
    assert going_on and going_on[0] >= 45
    finished = engine.run(job, "finetune", **spec)
    assert {**finished, "id": 0} == {**uninterrupted, "id": 0}
    assert tree_hashes(job) == tree_hashes(tmp_path / "uninterrupted")
    assert sorted(path.name for path in job.iterdir()) == ["output", "result.json", "run.lock"]


def test_a_checkpoint_of_other_data_is_not_used(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    engine.start(job, "finetune", **finetune_spec(tiny, write_lines(tmp_path / "a.jsonl", ROWS), "full", 2000))
    run_until_checkpoint(engine, 3)
    engine.send({"cancel": "job"})
    assert engine.finish()["code"] == "cancelled"
    warnings: list[str] = []
    engine.start(job, "finetune", **finetune_spec(tiny, write_lines(tmp_path / "b.jsonl", ROWS[1:]), "full", 3))
    result = engine.finish(lambda event: warnings.append(event.get("message", "")))
    assert result["metrics"]["steps"] == 3
    assert any("is of other data or another environment" in warning for warning in warnings)


def test_the_tenth_job_of_a_warm_engine_is_that_of_a_fresh_one_which_ends_with_its_parent(
    engine: Engine, tiny: Path, chat: Path, tmp_path: Path
) -> None:
    prompts = {"prompts": write_lines(tmp_path / "p.jsonl", ROWS)}
    answers = {"answers": write_lines(tmp_path / "a.jsonl", ROWS)}
    rows = write_lines(tmp_path / "rows.jsonl", ROWS)
    model = {"base": str(tiny), "adapter": None, "key": "base"}
    jobs: list[tuple[str, dict[str, Any]]] = [
        ("init-tiny", {"parameters": {"alphabet": "abc", "seed": 4}}),
        ("predict", {"model": model, "inputs": prompts, "parameters": {"maxNewTokens": 9}}),
        (
            "predict",
            {"model": model, "inputs": prompts, "parameters": {"maxNewTokens": 9, "temperature": 1, "seed": 2}},
        ),
        ("score", {"model": model, "inputs": answers}),
        ("gradient-sketch", {"model": model, "inputs": answers, "parameters": {"seed": 3}}),
        ("embed", {"model": model, "inputs": prompts}),
        ("finetune", finetune_spec(tiny, rows, "full", 10)),
        ("finetune", finetune_spec(tiny, rows, "lora", 10)),
    ]

    def outputs(one: Engine, name: str, order: list[int]) -> dict[int, dict[str, str]]:
        for index in order:
            op, spec = jobs[index]
            assert one.run(tmp_path / name / str(index), op, **spec)["event"] == "result"
        return {index: tree_hashes(tmp_path / name / str(index)) for index in order}

    engine.run(
        tmp_path / "other",
        "predict",
        model={"base": str(chat), "key": "c"},
        inputs=prompts,
        parameters={"maxNewTokens": 3},
    )
    warm = outputs(engine, "warm", list(range(len(jobs))))
    fresh = Engine()
    assert fresh.ready["event"] == "ready" and fresh.ready["engine"] >= 1 and fresh.ready["device"] == "cpu"
    assert outputs(fresh, "fresh", list(reversed(range(len(jobs))))) == warm
    fresh.start(tmp_path / "long", "finetune", **finetune_spec(tiny, rows, "full", 100000))
    run_until_checkpoint(fresh, 2)
    closed = time.monotonic()
    assert fresh.close() == 75
    assert time.monotonic() - closed < 1


def test_a_finished_job_answers_at_once_from_its_directory(engine: Engine, tmp_path: Path) -> None:
    spec = {"parameters": {"alphabet": "xyz", "seed": 1}}
    first = engine.run(tmp_path / "job", "init-tiny", **spec)
    (tmp_path / "job/output/model/README.md").write_text("still the same directory")
    assert engine.run(tmp_path / "job", "init-tiny", **spec) == first
    assert (tmp_path / "job/output/model/README.md").read_text() == "still the same directory"
    result = json.loads((tmp_path / "job/result.json").read_text())
    assert result == {"metrics": first["metrics"], "outputs": first["outputs"]}
    (tmp_path / "job/output/model").rename(tmp_path / "moved")
    assert engine.run(tmp_path / "job", "init-tiny", **spec) == first
    assert (tmp_path / "job/output/model/model.safetensors").exists()
    (tmp_path / "job/result.json").write_text('{"metrics": {')
    assert engine.run(tmp_path / "job", "init-tiny", **spec) == first


def test_a_job_waits_for_another_engine_that_holds_its_directory(engine: Engine, tmp_path: Path) -> None:
    spec = {"parameters": {"alphabet": "xyz", "seed": 1}}
    (tmp_path / "job").mkdir()
    with open(tmp_path / "job/run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine.start(tmp_path / "job", "init-tiny", **spec)
        waiting = engine.read()
        assert waiting["note"] == "waiting for another engine that holds this job"
        engine.send({"cancel": "job"})
        assert engine.finish()["code"] == "cancelled"
        engine.start(tmp_path / "job", "init-tiny", **spec)
        assert engine.read()["event"] == "progress"
    assert engine.finish()["event"] == "result"
    # A cancel line that comes too late stops nothing.
    engine.send({"cancel": "job"})
    assert engine.run(tmp_path / "job", "init-tiny", **spec)["event"] == "result"


def test_a_prompt_that_fills_the_context_gets_an_empty_answer_and_a_warning(
    engine: Engine, tiny: Path, tmp_path: Path
) -> None:
    prompts = [
        {"id": "long", "prompt": "1" * 256},
        {"id": "near", "prompt": "1" * 254},
        {"id": "short", "prompt": "1+1="},
    ]
    model = {"base": str(tiny), "adapter": None, "key": "base"}
    events: list[dict[str, Any]] = []
    inputs = {"prompts": write_lines(tmp_path / "p.jsonl", prompts)}
    engine.start(tmp_path / "job", "predict", model=model, inputs=inputs, parameters={"maxNewTokens": 20})
    engine.finish(events.append)
    lines = read_lines(tmp_path / "job/output/predictions.jsonl")
    assert lines[0] == {"id": "long", "text": "", "tokenIds": [], "finish": "length"}
    assert len(lines[1]["tokenIds"]) <= 2 and lines[2]["tokenIds"]
    assert any(event["event"] == "warn" and "first 'long'" in event["message"] for event in events)


def test_a_device_that_is_not_there_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUTELAGE_DEVICE", "xpu:77")
    engine = Engine(wait=False)
    error = engine.run(tmp_path / "job", "init-tiny", parameters={"alphabet": "abc", "seed": 1})
    assert error["code"] == "input" and error["message"].startswith("TUTELAGE_DEVICE is 'xpu:77', which torch")
    assert engine.close() == 75
