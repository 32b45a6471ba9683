"""The whole of `miaodai generate`: banks prepared, lives lived, copies counted, written. Used by bench/book.py too."""

import asyncio
from array import array
from datetime import date

from msgspec import Struct

from actors.bank import BankTerms
from cluster.failures import Failure
from cluster.generate.book import Progress, Written, prepare_banks, records_held, write
from cluster.generate.lives import LifePlan, lives, long_lives
from cluster.generate.plan import Wanted, copies
from cluster.generate.stage import Stage
from cluster.generate.template import Template

LOANS_MAX = 100_000_000


class Order(Struct, frozen=True, kw_only=True):
    """What is wanted. Shares are of all loans; ``methods`` weighs methods (others 1); empty ``products``: all.

    ``history``: at least so many events for a ``history_share`` of the loans, 0 for none.
    """

    loans: int
    on: date
    due_share: float = 1 / 30
    overdue_share: float = 0.02
    methods: dict[str, int] = {}
    products: tuple[str, ...] = ()
    history: int = 0
    history_share: float = 0.01
    seed: int = 1

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            loans=self.loans,
            due=round(self.loans * self.due_share),
            overdue=round(self.loans * self.overdue_share),
            long=max(1, round(self.loans * self.history_share)) if self.history else 0,
        )


class Sketch(Struct, frozen=True, kw_only=True):
    """A book before it is written: its lives and, customer by customer, which of them."""

    templates: tuple[Template, ...]
    copies: "array[int]"

    @property
    def bytes_stored(self) -> int:
        """About what the tables will take on disk; indexes come to a fifth more."""
        sizes = [t.bytes_stored for t in self.templates]
        return sum(sizes[n] for n in self.copies)


def check(order: Order, banks: list[BankTerms]) -> None:
    """Raises `Failure` naming what cannot be."""
    if not 0 < order.loans <= LOANS_MAX:
        raise Failure(f"借据数应在1与{LOANS_MAX}之间 --loans must be 1 to {LOANS_MAX}: {order.loans}")
    shares = {"--due-share": order.due_share, "--overdue-share": order.overdue_share}
    shares |= {"--history-share": order.history_share if order.history else 0.0}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise Failure(f"比例应在0与1之间 {name} must be 0 to 1: {share}")
    if order.history < 0:
        raise Failure(f"事件数不能为负 --history must not be negative: {order.history}")
    offered = {product.code for bank in banks for product in bank.products.values()}
    if unknown := [code for code in order.products if code not in offered]:
        raise Failure(f"没有该产品 no such product: {', '.join(unknown)} ({', '.join(sorted(offered))})")
    methods = {method for bank in banks for product in bank.products.values() for method in product.methods}
    for method, weight in order.methods.items():
        if method not in methods:
            raise Failure(f"没有该还款方式 no such method: {method} ({', '.join(sorted(methods))})")
        if weight < 0:
            raise Failure(f"权重不能为负 a weight must not be negative: {method}={weight}")


def plans_of(order: Order, banks: list[BankTerms]) -> tuple[list[LifePlan], int]:
    """The lives to live, and from which number on they are long histories."""
    everyday = lives(banks, order.on, order.methods, order.products)
    if not everyday:
        raise Failure("没有可生成的产品 nothing to generate: no bank offers such a product and method")
    long = long_lives(banks, order.on, order.history, order.methods, order.products) if order.history else []
    if order.history and not long:
        raise Failure(f"没有产品期限够长 no product lends long enough for {order.history} events")
    plans = [*everyday, *long]
    first, known = first_day(plans), max(terms.lpr[0][0] for terms in banks)
    if first < known:
        raise Failure(
            f"LPR自{known}起公布，最早借据将于{first}发放 the LPR begins on {known}, the oldest loan on {first}"
        )
    return plans, len(everyday)


def first_day(plans: list[LifePlan]) -> date:
    """When the first loan is drawn."""
    return min(loan.drawn_on for plan in plans for loan in plan.loans)


async def sketch(order: Order, banks: list[BankTerms], master_key: bytes, progress: Progress) -> Sketch:
    """Live the lives (some seconds) and count the copies; nothing is written."""
    check(order, banks)
    plans, long = plans_of(order, banks)
    templates = await Stage(banks, master_key).live(plans, order.on, progress)
    lived = [(t.counts, t.weight) for t in templates]
    chosen = await asyncio.to_thread(copies, lived, long, order.wanted, order.seed)
    return Sketch(templates=tuple(templates), copies=chosen)


async def generate(
    url: str,
    master_key: bytes,
    order: Order,
    banks: list[BankTerms],
    *,
    append: bool = False,
    progress: Progress = lambda _step, _done, _total: None,
) -> Written:
    """Write a book of the banks into a migrated database. Raises `Failure`, and asyncpg's errors."""
    check(order, banks)
    plans, _ = plans_of(order, banks)
    await records_held(url, append)
    there = await prepare_banks(url, banks, first_day(plans), order.on)
    drawn = await sketch(order, there, master_key, progress)
    return await write(
        url, master_key, there, drawn.templates, drawn.copies, seed=order.seed, append=append, progress=progress
    )
