"""What an event says of single rows; shared by the daily events (events.py) and the rarer ones (events_rare.py)."""

from msgspec import Struct


class Part(Struct, frozen=True, array_like=True):
    """What a repayment (or waiver) paid of row ``no`` (from 1); row 0 is the penalty for misuse."""

    no: int
    penalty_fen: int
    interest_fen: int
    principal_fen: int
    compound_fen: int = 0


class Planned(Struct, frozen=True, array_like=True):
    """Principal and interest of a row after a prepayment; due dates stay."""

    principal_fen: int
    interest_fen: int
