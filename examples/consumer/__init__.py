"""An example of a consumer: each event once, and in the order of its entity.

It knows what consumers are told and nothing else, so it may be copied away as it is; besides
Python it needs boto3. `reading` reads bodies, `ordering` puts events in order, `queue` is SQS,
`consuming` the loop, and `python -m examples.consumer` prints what arrives.
"""
