"""What is asked of a student, and how its tokens are taken; the same for every runtime."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """
    One prompt. `limit` is the most new tokens. `name` addresses its randomness when sampling, with `answer`, its number
    among several answers to the prompt.
    """

    name: str
    ids: list[int]
    limit: int
    answer: int = 0

    @property
    def address(self) -> tuple[str | int, ...]:
        """Where its random numbers come from; a prompt's first answer is the one that it would have alone."""
        return ("sample", self.name) if self.answer == 0 else ("sample", self.name, self.answer)


@dataclass(frozen=True)
class Sampling:
    """
    How the next token is taken: temperature 0 is greedy. `top_p` below 1 draws from the fewest tokens that have this
    share of the probability together.
    """

    temperature: float
    seed: int
    top_p: float = 1.0
