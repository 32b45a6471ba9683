"""How a person comes to a contract or to money, for tests whose subject begins there."""

from typing import Any

from tests.e2e.fronts import Esb, Rest
from tests.e2e.people import Person, person

PRODUCT = "miaodai"
WANTED = {"product": PRODUCT, "amount_fen": 1_000_000, "periods": 12, "use_code": "travel"}
FACTS = {
    "monthly_income_fen": 2_000_000,
    "employment_years": 9,
    "housing": "own",
    "savings_band": 4,
    "checking_band": 3,
    "history_band": 1,
}
CONSENT = {"version": "2026-01", "text_hash": "5a" * 32, "valid_until": "2027-12-31"}
LISTED = {"product": PRODUCT, "limit_fen": 5_000_000, "valid_until": "2027-12-31"}


class Borrower:
    """A person at a bank over one front, and the ids that came of it."""

    def __init__(self, front: Rest | Esb) -> None:
        self.front = front
        self.person: Person = person()
        self.customer_id = self.process_id = self.loan_id = self.draw_id = self.contract_id = ""

    async def ask(self, operation: str, key: str = "", **fields: Any) -> dict[str, Any]:
        """The reply's body; a refusal fails the test."""
        heard = await self.front.ask(operation, key, **fields)
        assert not heard.code, f"{operation}: {heard.code} {heard.body}"
        return heard.body

    async def join(self) -> "Borrower":
        """Registered, with consent, on the white list."""
        self.customer_id = (await self.ask("register_customer", **self.person._asdict()))["customer_id"]
        await self.ask("give_consent", customer_id=self.customer_id, purpose="bureau", **CONSENT)
        await self.ask("put_on_white_list", customer_id=self.customer_id, **LISTED)
        return self

    async def get_line(self) -> "Borrower":
        applied = await self.ask("apply", customer_id=self.customer_id, **WANTED, facts=FACTS)
        assert applied["process"]["status"] == "approved", applied
        self.process_id = applied["process_id"]
        return self

    async def open_contract(self, **changes: Any) -> str:
        terms = {**WANTED, "method": "equal_instalment", **changes}
        opened = await self.ask("open_contract", customer_id=self.customer_id, **terms)
        assert opened["loan"]["status"] == "contract", opened
        return str(opened["loan_id"])

    async def sign(self, **changes: Any) -> "Borrower":
        self.loan_id = await self.open_contract(**changes)
        contract = await self.ask("get_contract", loan_id=self.loan_id)
        signed = await self.ask(
            "sign", loan_id=self.loan_id, cost_confirmed=True, contract_hash=contract["contract_hash"]
        )
        assert signed["loan"]["status"] == "signed", signed
        return self

    async def draw(self) -> "Borrower":
        drawn = await self.ask("draw", loan_id=self.loan_id)
        assert drawn["process"]["status"] == "paid_out", drawn
        self.draw_id = drawn["process_id"]
        return self

    async def loan(self) -> dict[str, Any]:
        return await self.ask("get_loan", loan_id=self.loan_id)

    async def line(self) -> dict[str, Any]:
        lines = (await self.ask("get_lines", customer_id=self.customer_id))["lines"]
        return dict(lines[0])


async def borrower(front: Rest | Esb, *, active: bool = False, contract: bool = False) -> Borrower:
    """A new one with a line and a signed loan; ``active``: paid out, ``contract``: and one more contract unsigned."""
    made = await (await (await Borrower(front).join()).get_line()).sign()
    if active:
        await made.draw()
    if contract:
        made.contract_id = await made.open_contract()
    return made
