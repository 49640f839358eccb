"""What machines ask every few seconds to learn how this process is."""

LIVENESS = "/health/liveness"
PROBES = frozenset({LIVENESS, "/health/readiness", "/metrics", "/webhooks/wpp-connect/health"})
"""The paths, which are also the routes' templates."""
