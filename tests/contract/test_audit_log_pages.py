"""Pages of the audit log."""

from collections.abc import Callable

from tests.support.api import Admin, Customer, expect, invalid, pages

LOGS = "/v1/admin/audit-logs"


def adjust(admin: Admin, customer: Customer, *scores: int) -> None:
    customer.register()
    for score in scores:
        expect(admin.set_score(customer, score), 200)


def scores_on(admin: Admin, **asked: str) -> list[list[int]]:
    """Return the scores an admin gave, by pages of two."""
    return [
        [log["newValue"]["score"] for log in page]
        for page in pages(admin, LOGS, "auditLogs", limit=2, **asked)
    ]


def test_pages_of_a_target_have_every_record_once(admin: Admin, customer: Customer) -> None:
    adjust(admin, customer, 1, 2, 3, 4, 5)

    found = scores_on(admin, targetType="user", targetId=customer.ecosystem_id)

    assert found == [[5, 4], [3, 2], [1]]


def test_pages_of_an_actor_have_every_record_once(
    admin: Admin, customer: Customer, stranger: Customer
) -> None:
    adjust(admin, customer, 1, 2)
    adjust(admin, stranger, 3, 4, 5)

    found = scores_on(admin, actor=admin.ecosystem_id)

    assert found == [[5, 4], [3, 2], [1]]


def test_a_cursor_of_another_filter_is_refused(
    admin: Admin, new_admin: Callable[[], Admin], customer: Customer
) -> None:
    adjust(admin, customer, 1, 2)
    target = {"targetType": "user", "targetId": customer.ecosystem_id}
    first = expect(admin.get(LOGS, params={"limit": 1, "actor": admin.ecosystem_id}), 200)
    cursor = first["pagination"]["nextCursor"]

    for other in (target, {"actor": new_admin().ecosystem_id}):
        invalid(admin.get(LOGS, params=other | {"cursor": cursor}), "cursor")
