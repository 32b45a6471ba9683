"""How many copies of which life make a book of so many loans, so many of them due and so many overdue."""

from array import array
from collections import Counter
from collections.abc import Sequence
from random import Random

from msgspec import Struct

from cluster.failures import Failure
from cluster.generate.template import Counts, Template


class Wanted(Struct, frozen=True, kw_only=True):
    """``loans`` in all; of these ``due`` due that day, ``overdue``; ``long``: with long histories."""

    loans: int
    due: int
    overdue: int
    long: int = 0


def copies(lives: Sequence[tuple[Counts, int]], long: int, wanted: Wanted, seed: int) -> "array[int]":
    """Customer by customer, the number of its life; ``lives`` are counts and weights, those from ``long`` on long.

    Due and overdue loans come out exactly, as do all in number; the rest is drawn by weight. Raises `Failure` when
    there is no life to make something wanted of.
    """
    random = Random(seed)
    everyday = range(long)
    chosen: list[int] = _exactly(list(range(long, len(lives))), "loans", wanted.long, lives, random, "历史 history")
    due = [n for n in everyday if lives[n][0].due]
    chosen += _exactly(due, "due", wanted.due, lives, random, "到期 due")
    late = [n for n in everyday if lives[n][0].overdue and not lives[n][0].due]
    chosen += _exactly(late, "overdue", wanted.overdue, lives, random, "逾期 overdue")
    left = wanted.loans - sum(lives[n][0].loans for n in chosen)
    if left < 0:
        raise Failure(f"到期与逾期之外没有余地 no room for due, overdue and long ones in {wanted.loans} loans")
    others = [n for n in everyday if not lives[n][0].due and not lives[n][0].overdue]
    chosen += _filled(others, left, lives, random)
    random.shuffle(chosen)
    return array("H", chosen)


def _exactly(
    among: list[int], count: str, target: int, lives: Sequence[tuple[Counts, int]], random: Random, what: str
) -> list[int]:
    """Lives drawn by weight until ``count`` adds up to ``target``."""
    if not target:
        return []
    if not among:
        raise Failure(f"没有可用的样板 no life is {what} with these banks, products, methods")
    chosen: list[int] = []
    total = 0
    weights = [lives[n][1] for n in among]
    while total < target:
        for n in random.choices(among, weights, k=max(1, min(1000, target - total))):
            adds = getattr(lives[n][0], count)
            if total + adds <= target:
                chosen.append(n)
                total += adds
            elif all(getattr(lives[m][0], count) > target - total for m in among):
                raise Failure(f"无法凑足 cannot make exactly {target} of {what}")
    return chosen


def _filled(among: list[int], left: int, lives: Sequence[tuple[Counts, int]], random: Random) -> list[int]:
    """Lives by weight for ``left`` loans; the last ones are those of a single loan."""
    singles = [n for n in among if lives[n][0].loans == 1]
    weights = [lives[n][1] for n in among]
    most = max((lives[n][0].loans for n in among), default=0)
    chosen: list[int] = []
    while left >= most > 1:
        for n in random.choices(among, weights, k=max(1, left // most)):
            chosen.append(n)
            left -= lives[n][0].loans
    if left and not singles:
        raise Failure(f"没有单笔的样板 no life of a single loan is left for the last {left}")
    return chosen + [random.choice(singles) for _ in range(left)]


def adds_up(chosen: Sequence[int], templates: Sequence[Template]) -> dict[str, int]:
    """What the copies come to."""
    times = Counter(chosen)
    total: Counter[str] = Counter(customers=len(chosen))
    for n, copies in times.items():
        t = templates[n]
        for name, count in (*t.counts._asdict().items(), ("events", len(t.events)), ("operations", len(t.operations))):
            total[name] += count * copies
    return dict(total)
