"""Composition root: settings, command line, Ray deployment, demo and verification. May import everything.

Ray reads its environment when it is first imported, so what we always want of it is said here, before any module of
this package can import it; whoever sets these variables himself keeps his values.
"""

import os

os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_worker_niceness", "0")  # workers run at nice 15 otherwise
os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "600")  # serve on while the GCS is away
os.environ.setdefault("RAY_agent_register_timeout_ms", "100000")  # a busy machine starts Ray's own helpers slowly
os.environ.setdefault("RAY_usage_stats_enabled", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
