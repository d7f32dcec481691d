"""`npm run check:python`: format, lint and types of all Python files. With `--fix`: formats and fixes what it can."""

from __future__ import annotations

import subprocess
import sys

CHECKS = [
    ["ruff", "format", "--check", "."],
    ["ruff", "check", "."],
    ["mypy"],
    # Apart from the rest, because its module has the name of the engine's own.
    ["mypy", "bench/noop-engine/serve.py"],
]
FIXES = [["ruff", "check", "--fix", "--quiet", "."], ["ruff", "format", "--quiet", "."]]


def main() -> int:
    """1 where anything was found, after all of it was looked for."""
    commands = FIXES if "--fix" in sys.argv else CHECKS
    codes = [subprocess.run([sys.executable, "-m", *command], check=False).returncode for command in commands]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
