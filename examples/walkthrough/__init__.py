"""The whole story of the HTTP contract, played against a running server and checked as it goes.

`client` speaks HTTP, `cast` makes the people and their tokens, `report` prints, `stage` joins the
three with the checks, and each module of `chapters` tells one part of the story in `story`'s order.
It knows the server by its address only, so it may be copied away as it is; besides Python it needs
httpx, and boto3 for `user_pool`.
"""
