"""The released contract, and the gate that guards it; no part of the service."""
