"""No request asks DynamoDB more often than it may."""

from tests.support.round_trips import measure


def test_every_request_keeps_to_its_budget(dynamodb, no_relay):
    costs = measure()

    assert len(costs) > 20
    assert [cost for cost in costs if not cost.is_within_budget] == []
