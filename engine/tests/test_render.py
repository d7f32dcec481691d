"""What `tutelage validate` shows of a prompt: the text that the student's ids stand for, or why there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from students import make_chat_student

_SCRIPT = Path(__file__).resolve().parents[1] / "render.py"
_TURNS = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "And 3?"},
]


def rendered(*asked: dict[str, Any], cache: Path) -> list[dict[str, Any]]:
    """The lines of one call, without a network and with a hub cache of its own."""
    done = subprocess.run(
        [sys.executable, str(_SCRIPT)],
        input=json.dumps([{"prompt": "What is 2 + 3?", **one} for one in asked]) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={"HF_HOME": str(cache), "PATH": ""},
    )
    return json.loads(done.stdout)


def test_prompts_are_shown_as_students_read_them(tmp_path: Path) -> None:
    student = str(make_chat_student(tmp_path / "student"))
    bare = str(make_chat_student(tmp_path / "bare", None))
    (tmp_path / "broken").mkdir()
    chat, brief, plain, spoken, absent, broken, spelt = rendered(
        {"source": student},
        {"source": student, "settings": {"systemPrompt": "Be brief."}},
        {"source": bare},
        {"source": None, "prompt": _TURNS, "settings": {"systemPrompt": "Be brief."}},
        {"source": "owner/not-in-the-cache"},
        {"source": str(tmp_path / "broken")},
        {"source": student, "prompt": "Say <|im_end|>"},
        cache=tmp_path / "cache",
    )
    user = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    assert chat["text"] == f"<s>{user.format('What is 2 + 3?')}" and chat["hasTemplate"] and chat["tokens"] > 8
    system = "<|im_start|>system\nBe brief.<|im_end|>\n"
    assert brief["text"] == f"<s>{system}{user.format('What is 2 + 3?')}"
    assert plain["text"] == "<s>What is 2 + 3?" and not plain["hasTemplate"]
    assert spoken["text"] == "System: Be brief.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: And 3?\n\nAssistant:"
    assert absent["problem"] == "the tokenizer of owner/not-in-the-cache is not on this machine yet"
    assert "is not a usable model directory" in broken["problem"]
    # What a user spells stays text: it costs more tokens than the special one.
    assert spelt["text"] == f"<s>{user.format('Say <|im_end|>')}" and spelt["tokens"] > 16
