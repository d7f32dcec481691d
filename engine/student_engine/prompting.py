"""What every runtime that predicts shares: the parameters, the prompts of a file, and the line of an answered one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .answers import warn_of_unreadable
from .errors import InputError
from .job import Job
from .parameters import Parameters
from .reader import Reader
from .rendering import Renderer, Unreadable
from .sampling import Request, Sampling

if TYPE_CHECKING:
    from .models import Student

_TEMPERATURE_OF_SEVERAL = 1.0


@dataclass(frozen=True)
class Options:
    """The parameters of the operation; `share` is the shard and how many there are."""

    most: int
    budget: int | None
    sampling: Sampling
    answers: int
    share: tuple[int, int]


@dataclass(frozen=True)
class Prompts:
    """The prompts of one file: `ids` is empty where `read` says why the student cannot read one."""

    names: list[str]
    read: list[list[int] | Unreadable]
    ids: list[list[int]]
    limits: list[int]
    answers: int

    def requests(self, index: int) -> list[Request]:
        """One for each answer to the prompt."""
        name, ids, limit = self.names[index], self.ids[index], self.limits[index]
        return [Request(name, ids, limit, answer) for answer in range(self.answers)]


def read_options(parameters: Parameters, runtime: str) -> Options:
    """The parameters of `predict`. Another `runtime` than this engine's is an input error."""
    named = parameters.text("runtime", "transformers")
    if named != runtime:
        raise InputError(f"This engine predicts on {runtime}; the job is for {named}.")
    answers = parameters.integer("answers", 1, least=1)
    temperature = parameters.number("temperature", 0.0 if answers == 1 else _TEMPERATURE_OF_SEVERAL, least=0.0)
    top_p = parameters.number("topP", 1.0, least=0.0, most=1.0)
    sampling = Sampling(temperature, parameters.integer("seed", 0), top_p)
    most = parameters.integer("maxNewTokens", least=1)
    budget = parameters.integer("batchTokens", None, least=1)
    options = Options(most, budget, sampling, answers, parameters.shard())
    parameters.done()
    return options


def read_prompts(job: Job, reader: Reader | Student, rows: list[dict[str, Any]], options: Options) -> Prompts:
    """Renders the prompts of rows; warns of those that cannot be read and of those that leave no room to answer."""
    names = [row["id"] for row in rows]
    read = reader.renderer.read_prompts([row["prompt"] for row in rows])
    warn_of_unreadable(job, names, read)
    ids = [[] if isinstance(one, Unreadable) else one for one in read]
    limits = [max(0, min(options.most, reader.context - len(one))) if one else 0 for one in ids]
    long = [name for name, one, limit in zip(names, ids, limits, strict=True) if one and limit == 0]
    if long:
        job.warn(
            f"{len(long)} prompts fill the context of {reader.context} tokens and get an empty answer, "
            f"first {long[0]!r}."
        )
    return Prompts(names, read, ids, limits, options.answers)


def line_of(renderer: Renderer, prompts: Prompts, index: int, answers: list[list[int]]) -> dict[str, Any]:
    """The line of one prompt: its first answer, and the others where there are several."""
    first, *others = [
        {"text": renderer.text(answer), "tokenIds": answer, "finish": _finish(renderer, prompts.read[index], answer)}
        for answer in answers
    ]
    return {"id": prompts.names[index], **first, **({"others": others} if others else {})}


def _finish(renderer: Renderer, read: list[int] | Unreadable, answer: list[int]) -> str:
    if isinstance(read, Unreadable):
        return "unreadable"
    return "stop" if answer and answer[-1] in renderer.ends else "length"
