"""`miaodai verify`: the invariants of lending, checked on a database by code that shares nothing with the engine.

Own SQL over the tables, own decoding to plain maps, own arithmetic. The one file that calls the actors' code is
replay_with_evolve.py, because what it proves is exactly that their `evolve` gives the stored rows.
"""
