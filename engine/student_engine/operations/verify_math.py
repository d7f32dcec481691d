"""
Whether two formulas are the same in another form.

`math-verify` reads them; they are compared by their values at many points, with fifty digits, because its own
comparison rounds to six and ignores the order of a pair. All of it runs in a child process: a text such as 9^9^9^9 can
hold the interpreter in one uninterruptible multiplication, and only a kill ends that.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from ..files import read_records, write_records
from ..job import Job
from ..models import ModelCache

_SECONDS_PER_STEP = 5
_SECONDS_PER_ROW = 20
_CHARACTERS_MAX = 20000
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG

_DIGITS = 50
_POINTS_MIN = 3
_SYMBOLS_MAX = 8
# Of no pattern that a formula could have: two that agree at these are the same (Schwartz 1980, Zippel 1979).
_POINTS = [
    Fraction(*pair)
    for pair in (
        (17, 11),
        (-23, 13),
        (29, 7),
        (5, 19),
        (-3, 31),
        (41, 37),
        (-47, 43),
        (7, 53),
        (59, 23),
        (-61, 67),
        (71, 29),
    )
]


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Lines `{id, state}`: correct, incorrect, unreadable (the answer), reference-unreadable, undecided, or timeout."""
    job.parameters.done()
    rows = read_records(job.input("answers"), {"answer": str, "reference": str})
    lines = []
    checker = Checker()
    try:
        for done, row in enumerate(rows, start=1):
            job.check()
            lines.append({"id": row["id"], "state": checker.state(row["reference"], row["answer"])})
            job.progress(done, len(rows), "rows")
    finally:
        checker.close()
    write_records(job.output("verdicts.jsonl"), lines)
    correct = sum(line["state"] == "correct" for line in lines)
    return {"rows": len(rows), "correct": correct}, {"verdicts": "output/verdicts.jsonl"}


class Checker:
    """A child process that checks one pair at a time, replaced when it hangs or dies."""

    def __init__(self) -> None:
        self._start()

    def state(self, reference: str, answer: str) -> str:
        """The state of one answer."""
        self._connection.send((reference, answer[-_CHARACTERS_MAX:]))
        try:
            if self._connection.poll(_SECONDS_PER_ROW):
                return self._connection.recv()
        except (EOFError, ConnectionError):
            pass  # the child died, of memory or of a bug: there is no verdict for this row
        self.close()
        self._start()
        return "timeout"

    def close(self) -> None:
        """Ends the child."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> None:
        # Forked, for the libraries are loaded here; the child touches neither torch nor the protocol.
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._connection, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()


def _serve(
    connection: multiprocessing.connection.Connection, parents_end: multiprocessing.connection.Connection, parent: int
) -> None:
    parents_end.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            return
    while True:
        try:
            reference, answer = connection.recv()
        except EOFError:
            return
        connection.send(answer_state(reference, answer))


def answer_state(reference: str, answer: str) -> str:
    """One pair, on a main thread: `math-verify` bounds its steps by SIGALRM, and says failures only by raising."""
    from math_verify.errors import TimeoutException
    from math_verify.utils import timeout

    try:
        gold = _read_reference(reference)
        if gold is None:
            return "reference-unreadable"
        given = _read(answer)
        if given is None:
            return "unreadable"
        same = timeout(_SECONDS_PER_STEP)(_same)(gold, given)
    except TimeoutException:
        return "timeout"
    except Exception:  # sympy raises whatever it met in an expression that it cannot work out
        return "undecided"
    return {True: "correct", False: "incorrect", None: "undecided"}[same]


def _read_reference(reference: str) -> Any:
    """References are often bare LaTeX, which is only read as such between dollars."""
    if "$" not in reference and "\\boxed" not in reference:
        found = _read(f"${reference}$")
        if found is not None:
            return found
    return _read(reference)


def _read(text: str) -> Any:
    """The formula of a text as sympy has it; `None` where there is none."""
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse
    from math_verify.errors import TimeoutException

    # Units are compared before; dropping them here would make 5 p.m. of 5 a.m.
    normal = NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
    )
    ways = [LatexExtractionConfig(boxed_match_priority=50, normalization_config=normal), ExprExtractionConfig()]
    try:
        found = parse(_without_decimals(text), ways, parsing_timeout=_SECONDS_PER_STEP, raise_on_error=True)
    except TimeoutException:
        raise
    except Exception:
        return None
    return next((one for one in found if not isinstance(one, str)), None)


def _without_decimals(text: str) -> str:
    """Decimals as fractions, which sympy compares exactly."""

    def fraction(match: re.Match[str]) -> str:
        digits = match[1] + match[2]
        return f"{{\\frac{{{int(digits)}}}{{{10 ** len(match[2])}}}}}"

    return re.sub(r"(?<![\d.])(\d*)\.(\d{1,100})(?![\d.])", fraction, text)


def _same(gold: Any, given: Any) -> bool | None:
    """Whether two formulas say the same; `None` where that cannot be found out."""
    import sympy

    if isinstance(gold, sympy.MatrixBase) and isinstance(given, sympy.MatrixBase):
        return gold.shape == given.shape and _all(_same(*pair) for pair in zip(gold, given, strict=True))
    if isinstance(gold, sympy.FiniteSet) or isinstance(given, sympy.FiniteSet):
        return _same_sets(gold, given)
    if isinstance(gold, sympy.Interval) and isinstance(given, sympy.Interval):
        ends = (gold.left_open, gold.right_open) == (given.left_open, given.right_open)
        return ends and _all((_same(gold.start, given.start), _same(gold.end, given.end)))
    if isinstance(gold, sympy.Tuple) and isinstance(given, sympy.Tuple):
        return len(gold) == len(given) and _all(_same(*pair) for pair in zip(gold, given, strict=True))
    if isinstance(gold, sympy.Eq) and isinstance(given, sympy.Eq):
        return _same_equations(gold, given)
    if isinstance(gold, sympy.Expr) and isinstance(given, sympy.Expr):
        return _same_values(gold, given)
    return bool(gold == given)


def _all(states: Iterable[bool | None]) -> bool | None:
    known = list(states)
    return False if False in known else None if None in known else True


def _same_sets(gold: Any, given: Any) -> bool | None:
    """Every member has one of its own on the other side."""
    import sympy

    def members(one: Any) -> list[Any]:
        return list(one) if isinstance(one, sympy.FiniteSet) else [one]

    left = members(given)
    if len(left) != len(members(gold)):
        return False
    undecided = False
    for member in members(gold):
        states = [_same(member, other) for other in left]
        if True in states:
            left.pop(states.index(True))
        elif None in states:
            undecided = True
        else:
            return False
    return None if undecided else True


def _same_values(gold: Any, given: Any) -> bool | None:
    """Equal at every sample point at which both are real; with an imaginary unit, at those of positive numbers."""
    import sympy

    units = {symbol: sympy.I for symbol in gold.free_symbols | given.free_symbols if symbol.name == "i"}
    if units:
        return _same_complex(gold.subs(units), given.subs(units))
    pairs = _values(gold, given)
    if any((left is None) != (right is None) for left, right in pairs):
        return False
    known = [(left, right) for left, right in pairs if left is not None and right is not None]
    if any(not _close(left, right) for left, right in known):
        return False
    enough = _POINTS_MIN if gold.free_symbols | given.free_symbols else 1
    return True if len(known) >= enough else bool(gold == given) or None


def _same_complex(gold: Any, given: Any) -> bool | None:
    symbols = sorted(gold.free_symbols | given.free_symbols, key=str)
    for index in range(len(_POINTS) if symbols else 1):
        point = {symbol: abs(_POINTS[(index + place) % len(_POINTS)]) for place, symbol in enumerate(symbols)}
        left, right = (_complex_value(one, point) for one in (gold, given))
        if left is None or right is None:
            return None
        if abs(left - right) > max(abs(left), abs(right)) * 10 ** -(_DIGITS // 2):
            return False
    return True


def _complex_value(formula: Any, point: dict[Any, Fraction]) -> Any:
    value = formula.doit().evalf(_DIGITS, subs=_exact(point))
    return value if all(part.is_Number and part.is_finite for part in value.as_real_imag()) else None


def _same_equations(gold: Any, given: Any) -> bool | None:
    """Two equations are the same when their sides' differences are proportional."""
    pairs = _values(gold.lhs - gold.rhs, given.lhs - given.rhs)
    known = [(left, right) for left, right in pairs if left is not None and right is not None]
    if len(known) < _POINTS_MIN or any(left == 0 or right == 0 for left, right in known):
        return None
    ratio = known[0][0] / known[0][1]
    return all(_close(left, ratio * right) for left, right in known)


def _values(gold: Any, given: Any) -> list[tuple[Any, Any]]:
    """The values of both at each point: real numbers of fifty digits, `None` where there is none."""
    symbols = sorted(gold.free_symbols | given.free_symbols, key=str)
    if len(symbols) > _SYMBOLS_MAX:
        return []
    count = len(_POINTS) if symbols else 1
    points = [
        {symbol: _POINTS[(index * (place + 1) + place) % len(_POINTS)] for place, symbol in enumerate(symbols)}
        for index in range(count)
    ]
    return [(_value(gold, point), _value(given, point)) for point in points]


def _exact(point: dict[Any, Fraction]) -> dict[Any, Any]:
    import sympy

    return {symbol: sympy.Rational(value.numerator, value.denominator) for symbol, value in point.items()}


def _value(formula: Any, point: dict[Any, Fraction]) -> Any:
    value = formula.doit().evalf(_DIGITS, subs=_exact(point))
    if value.is_Number and value.is_finite:
        return value
    # Rounding leaves an imaginary part of 10^-50 to what is real.
    real, imaginary = value.as_real_imag()
    is_real = real.is_Number and imaginary.is_Number and abs(imaginary) < 10 ** -(_DIGITS // 2)
    return real if is_real and real.is_finite else None


def _close(left: Any, right: Any) -> bool:
    return bool(abs(left - right) <= max(abs(left), abs(right)) * 10 ** -(_DIGITS // 2))
