"""The README.md of a model that leaves the engine. No time, no path: the same training gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_model_card(
    directory: Path, title: str, facts: dict[str, Any], usage: str | None = None, note: str | None = None
) -> None:
    """Title, a note, how to load it, and the facts as a table."""
    lines = ["---", "library_name: transformers", "tags: [tutelage, distillation]", "---", "", f"# {title}", ""]
    lines += [note, ""] if note else []
    usage = usage or "model = AutoModelForCausalLM.from_pretrained(directory)"
    lines += ["```python", "from transformers import AutoModelForCausalLM, AutoTokenizer", usage]
    lines += ["tokenizer = AutoTokenizer.from_pretrained(directory)", "```", "", "| | |", "|---|---|"]
    lines += [f"| {name} | `{json.dumps(value, ensure_ascii=False)}` |" for name, value in facts.items()]
    (directory / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
