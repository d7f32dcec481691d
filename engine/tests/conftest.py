"""Shared by the engine's tests: one warm engine, a character student and a BPE student with a chat template."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).parent.parent))

import pytest
import torch

from engine_process import Engine
from students import make_chat_student, make_reward_model

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One warm engine for all tests that do not end it."""
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def tiny(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo student, untrained."""
    directory = tmp_path_factory.mktemp("tiny") / "job"
    result = engine.run(directory, "init-tiny", parameters={"alphabet": "0123456789+-*%=<>|/ pados", "seed": 1})
    assert result["event"] == "result", result
    return directory / result["outputs"]["model"]


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with random weights, a BPE tokenizer without a pad token, and a chat template."""
    return make_chat_student(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="session")
def reward_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier with one output over the same tokenizer."""
    return make_reward_model(tmp_path_factory.mktemp("reward"))
