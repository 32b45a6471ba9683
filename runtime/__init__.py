"""How actors live: router, host, turn, effects, placement, clock. Imports actors and storage only."""
