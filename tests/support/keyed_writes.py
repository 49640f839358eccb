"""The writes that take an idempotency key, each made ready to be sent under one.

All but the redriving of an event, which needs one that was given up.
"""

from collections.abc import Callable

import httpx

from tests.support.api import Admin, Customer, expect

Act = Callable[[str], httpx.Response]


def of_request(admin: Admin, customer: Customer) -> Act:
    customer.register()
    return lambda key: customer.request_card(key=key)


def of_purchase(admin: Admin, customer: Customer) -> Act:
    card_id = customer.card()
    return lambda key: customer.buy(card_id, 10, key=key)


def of_payment(admin: Admin, customer: Customer) -> Act:
    card_id = customer.card()
    expect(customer.buy(card_id, 100), 201)
    return lambda key: customer.pay(card_id, 100, key=key)


def of_score(admin: Admin, customer: Customer) -> Act:
    customer.register()
    return lambda key: admin.set_score(customer, 600, key=key)


def of_disabling(admin: Admin, customer: Customer) -> Act:
    customer.register()
    return lambda key: admin.set_status(customer, "disable", key=key)


def of_enabling(admin: Admin, customer: Customer) -> Act:
    expect(of_disabling(admin, customer)("first"), 200)
    return lambda key: admin.set_status(customer, "enable", key=key)


def of_suspending(admin: Admin, customer: Customer) -> Act:
    card_id = customer.card()
    return lambda key: admin.move_card(customer, card_id, "suspend", key=key)


def of_reactivating(admin: Admin, customer: Customer) -> Act:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, "suspend"), 200)
    return lambda key: admin.move_card(customer, card_id, "reactivate", key=key)


def of_cancelling(admin: Admin, customer: Customer) -> Act:
    card_id = customer.card()
    return lambda key: admin.move_card(customer, card_id, "cancel", key=key)


def of_approval(admin: Admin, customer: Customer) -> Act:
    request_id = admin.pending_request(customer)
    return lambda key: admin.approve(request_id, 1000, key=key)


def of_rejection(admin: Admin, customer: Customer) -> Act:
    request_id = admin.pending_request(customer)
    return lambda key: admin.reject(request_id, key=key)


WRITES = [
    of_request,
    of_purchase,
    of_payment,
    of_score,
    of_disabling,
    of_enabling,
    of_suspending,
    of_reactivating,
    of_cancelling,
    of_approval,
    of_rejection,
]
