"""What an application must satisfy before a process starts: the product's own limits, in the order people give them."""

from actors.bank import BankTerms
from actors.codes import Code
from actors.customer.messages import Facts
from actors.process.messages import Apply

FEN_ABSURD = 10**13
"""100 billion yuan: no declared income or debt is that high; above it sums could leave 64 bits in the models."""


def check_application(command: Apply, bank: BankTerms) -> Code | None:
    """None when it may start, else the first code that stands in the way."""
    product = bank.products.get(command.product)
    if product is None:
        return Code.UNKNOWN_PRODUCT
    if not product.on_sale:
        return Code.OFF_SALE
    if command.amount_fen <= 0 or command.amount_fen % product.amount_fen_step:
        return Code.BAD_AMOUNT
    if not product.amount_fen_min <= command.amount_fen <= product.amount_fen_max:
        return Code.AMOUNT_OUT_OF_RANGE
    if not product.periods_min <= command.periods <= product.periods_max:
        return Code.BAD_PERIODS
    if command.use_code not in product.uses:
        return Code.BAD_USE
    return None if _sound(command.facts) else Code.WRONG_TYPE


def _sound(facts: Facts) -> bool:
    """Declared figures are not negative and not absurd; words are short."""
    sums = (facts.monthly_income_fen, facts.monthly_debt_fen)
    counts = (facts.employment_years, facts.existing_loans, facts.dependants)
    bands = (facts.savings_band, facts.checking_band, facts.history_band)
    return (
        all(0 <= fen < FEN_ABSURD for fen in sums)
        and all(0 <= n < 100 for n in counts)
        and all(0 <= band < 10 for band in bands)
        and facts.housing in ("", "own", "rent", "free")
        and len(facts.purpose) <= 100
    )
