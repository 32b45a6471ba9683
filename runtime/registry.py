"""The three kinds of actor, in one table for the runtime (`Kind` says what each entry means)."""

from actors.customer import lifecycle as customer
from actors.customer.messages import CheckReservations, CustomerCommand, CustomerQuery
from actors.loan import lifecycle as loan
from actors.loan.booked import day_of
from actors.loan.messages import LoanCommand, LoanQuery
from actors.process import lifecycle as process
from actors.process.messages import ProcessCommand, ProcessQuery
from runtime.kinds import Kind

KINDS: dict[str, Kind] = {
    "customer": Kind(
        name="customer",
        command_type=CustomerCommand,
        query_type=CustomerQuery,
        event_type=customer.EVENTS,
        state_type=customer.STATE,
        decide=customer.decide,
        evolve=customer.evolve,
        respond=customer.respond,
        columns=customer.columns,
        postings=customer.postings,
        effects=customer.effects,
        creates=customer.CREATES,
        timer=customer.timers,
        timer_command=CheckReservations(),
    ),
    "loan": Kind(
        name="loan",
        command_type=LoanCommand,
        query_type=LoanQuery,
        event_type=loan.EVENTS,
        state_type=loan.STATE,
        decide=loan.decide,
        evolve=loan.evolve,
        respond=loan.respond,
        columns=loan.columns,
        postings=loan.postings,
        effects=loan.effects,
        creates=loan.CREATES,
        day_of=day_of,
        history=loan.HISTORY,
    ),
    "process": Kind(
        name="process",
        command_type=ProcessCommand,
        query_type=ProcessQuery,
        event_type=process.EVENTS,
        state_type=process.STATE,
        decide=process.decide,
        evolve=process.evolve,
        respond=process.respond,
        columns=process.columns,
        postings=process.postings,
        effects=process.effects,
        creates=process.CREATES,
    ),
}
