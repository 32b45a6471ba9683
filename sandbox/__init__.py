"""The outside systems, simulated on real sockets: core banking, bureau, risk, CA, SMS, each with a book of its own.

Shares no code with actors, runtime, storage, protocols or cluster: it is the other side of the table, so an error in
our codec, our sums or our rules cannot agree with itself. `sandbox.town.Sandbox` runs all of them in one event loop,
``python -m sandbox`` in a process.
"""
