"""Stateless actors, one per outside system: wire clients are handed in by cluster/ (protocols/outside implements them).

runtime/effects.py -> outside.py -> core.py, bureau.py, risk.py, ca.py, sms.py -> policy.py -> wire.py -> the socket.
"""
