"""What every part of the service may lean on: time, identifiers, money, errors.

Nothing here imports an app, a backend or Django's request machinery.
"""
