"""An example of a consumer: each event once, and in the order of its entity.

It knows what consumers are told and nothing else: no store, no rules, no entities.
"""
