"""Grades Python code by unit tests: reads one JSON line an answer, writes one verdict a line.

What a student writes is never run outside bubblewrap: no network, no files but the system's, which are read-only, and
nothing that is left behind.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys

SECONDS_MAX = 8
SYSTEM_FOLDERS = {"/usr", "/bin", "/lib", "/lib64", sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))}


def code_of(answer: str) -> str:
    """The last fenced block of an answer, or the whole answer. An open fence is read to the end."""
    blocks = re.split(r"^```[^\n]*$", answer, flags=re.MULTILINE)
    return blocks[-2] if len(blocks) > 2 and len(blocks) % 2 == 1 else blocks[-1]


def sandbox(bwrap: str) -> list[str]:
    """The command that runs what follows it in bubblewrap."""
    binds = [part for folder in sorted(SYSTEM_FOLDERS) for part in ("--ro-bind-try", folder, folder)]
    ends = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    return [bwrap, *binds, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp", *ends]


def verdict(bwrap: str, answer: str, tests: str) -> dict:
    """Whether the tests pass behind the answer's code, and why they do not."""
    # Code that ends early with status 0 has not passed: only a program that comes to its last line writes this.
    passed = secrets.token_hex(16)
    program = f"{code_of(answer)}\n{tests}\nprint({passed!r})\n"
    try:
        done = subprocess.run(
            [*sandbox(bwrap), sys.executable, "-I", "-"],
            input=program.encode("utf-8", "replace"),
            capture_output=True,
            check=False,
            timeout=SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        return {"correct": False, "reason": f"ran longer than {SECONDS_MAX} seconds"}
    errors = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if errors and errors[-1].startswith("bwrap:"):
        sys.exit(errors[-1])
    if done.stdout.decode("utf-8", "replace").splitlines()[-1:] == [passed]:
        return {"correct": True}
    return {"correct": False, "reason": errors[-1] if errors else "ended before its tests did"}


def main() -> None:
    """Grades until the input ends."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        sys.exit("bubblewrap is not installed, and generated code is not run without it: apt-get install bubblewrap")
    for line in sys.stdin:
        asked = json.loads(line)
        found = verdict(bwrap, asked["answer"], asked["reference"] or "")
        print(json.dumps({"id": asked["id"], **found}), flush=True)


if __name__ == "__main__":
    main()
