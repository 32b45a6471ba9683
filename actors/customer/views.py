"""What a customer shows: masked to people, sealed to processes."""

from actors.customer.line import available_fen, limits_fen, reserved_fen, status_on
from actors.customer.messages import ConsentView, CustomerSnapshot, CustomerView, LineView
from actors.customer.permissions import valid_version
from actors.customer.state import CustomerState
from actors.turn import Context


def customer_view(state: CustomerState, ctx: Context) -> CustomerView:
    consents = tuple(
        ConsentView(
            purpose=purpose,
            version=consent.version,
            given_on=consent.given_on,
            valid_until=consent.valid_until,
            withdrawn=consent.withdrawn,
        )
        for purpose, consent in state.consents.items()
    )
    return CustomerView(
        customer_id=state.id,
        bank=state.bank,
        status=state.status,
        name_masked=state.name_masked,
        identity_masked=state.identity_masked,
        phone_masked=state.phone_masked,
        account_masked=state.account_masked,
        registered_on=state.registered_on,
        consents=consents,
        white_list=tuple(p for p, listing in state.white_list.items() if ctx.business_date <= listing.valid_until),
        lines=line_views(state, ctx),
        version=ctx.version,
        draws_blocked=tuple(sorted(set(state.blocked.values()))),
    )


def line_views(state: CustomerState, ctx: Context) -> tuple[LineView, ...]:
    return tuple(
        LineView(
            product=product,
            status=status_on(line, ctx.business_date),
            limit_fen=line.limit_fen,
            reserved_fen=reserved_fen(state, product),
            used_fen=line.used_fen,
            available_fen=available_fen(state, product, ctx.business_date),
            annual_rate=line.annual_rate,
            expires_on=line.expires_on,
        )
        for product, line in state.lines.items()
    )


def snapshot(state: CustomerState, product: str, ctx: Context) -> CustomerSnapshot:
    """Facts for a decision about ``product``; an expired listing or consent counts as none."""
    listing = state.white_list.get(product)
    listed = listing if listing is not None and ctx.business_date <= listing.valid_until else None
    return CustomerSnapshot(
        customer_id=state.id,
        status=state.status,
        birth_date=state.birth_date,
        division=state.division,
        consents=tuple(p for p in state.consents if valid_version(state, p, ctx)),
        white_listed_fen=listed.limit_fen if listed else 0,
        white_list_rate_bp=listed.rate_bp if listed else 0,
        limit_fen_all_lines=limits_fen(state, ctx.business_date),
        limit_fen_other_lines=limits_fen(state, ctx.business_date, without=product),
        any_overdue=bool(state.overdue),
        name_sealed=state.name_sealed,
        identity_sealed=state.identity_sealed,
        phone_sealed=state.phone_sealed,
        refused_until=state.refused_until.get(product),
        bureau_consent_version=valid_version(state, "bureau", ctx),
    )
