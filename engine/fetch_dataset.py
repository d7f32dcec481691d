"""Brings files of a data set from the Hugging Face hub: REPOSITORY REVISION PATH FOLDER.

PATH may be empty, or a glob.
"""

from __future__ import annotations

import sys

from huggingface_hub import snapshot_download


def main(repository: str, revision: str, path: str, folder: str) -> int:
    """The exit status; a failure is one line on stderr."""
    patterns = [path, f"{path}/**"] if path else None
    try:
        snapshot_download(repository, repo_type="dataset", revision=revision, allow_patterns=patterns, local_dir=folder)
    except Exception as error:  # the hub's client, its HTTP library and the network each raise their own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        print(reason.removeprefix("Got: "), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
