"""Wires to the outside systems, as actors/external/wire.py asks for them: the ESB by socket, HTTP by aiohttp."""
