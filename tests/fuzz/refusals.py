"""Where a documented rule refuses what the schema allows, operation by operation.

A schema says what a request may look like, not what is in the store, nor what one field has to do
with another. A status that is not named here is a failure for a valid request.
"""

_TWO_FILTERS = "which filters go together is a rule between parameters, which OpenAPI cannot state"
_CREDIT = "a card's credit is in the store"
_BALANCE = "a card's balance is in the store"

REFUSALS: dict[str, dict[int, str]] = {
    "approveCardRequest": {
        400: "the highest limit comes from the remote configuration, a tier's from the user"
    },
    "cleanUp": {
        400: "without a confirmation token, or with one that was not given, it asks for one"
    },
    "createCardRequest": {400: "what products there are is not the schema's business"},
    "createPayment": {400: _BALANCE},
    "createPurchase": {402: _CREDIT},
    "listAuditLogs": {400: _TWO_FILTERS},
    "listEvents": {400: _TWO_FILTERS},
    "receiveGatewayEvent": {400: "only the data of a message has a shape, and not that of others"},
    "registerUser": {400: "the address must be that of the token"},
}

IN_SCENARIOS: dict[str, dict[int, str]] = {
    "approveCardRequest": {409: "an earlier step decided it, or gave the user a card"},
    "cancelCard": {409: "an earlier step left a balance, or cancelled it"},
    "createPurchase": {400: "an earlier step suspended or cancelled the card"},
    "reactivateCard": {409: "the card of an earlier step is not suspended"},
    "rejectCardRequest": {409: "an earlier step decided it"},
    "suspendCard": {409: "an earlier step suspended or cancelled it"},
}
"""What else may be where the steps of a scenario act on what the ones before left."""
