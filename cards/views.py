"""HTTP to cards, offers and card requests."""

from django.http import HttpResponse
from rest_framework.request import Request

from cards import examples, services
from cards.entities import CardStatus, CardType
from cards.presenters import (
    present_card,
    present_card_summary,
    present_offer,
    present_request,
)
from cards.serializers import (
    CardAnswerSerializer,
    CardListSerializer,
    CardRequestAnswerSerializer,
    CardRequestInput,
    OfferListSerializer,
)
from financial_api.api.responses import json_response
from financial_api.api.schema import choice_parameter, operation, path_id
from financial_api.api.views import ApiViewSet
from financial_api.kernel.errors import (
    CardAlreadyExists,
    CardRequestExists,
    NotFound,
    ValidationError,
)

TAG = "Cards"
SUGGESTION = "You have no card yet: see what is on offer at /v1/offers."


class OfferViewSet(ApiViewSet):
    @operation(
        "listOffers",
        "What the caller may ask for",
        tag=TAG,
        answers={
            200: (OfferListSerializer, "Offers; none beside an active card.", examples.OFFERS)
        },
        errors=[NotFound],
    )
    def list(self, request: Request) -> HttpResponse:
        offers = services.offers(self.caller.identity)
        return json_response({"offers": [present_offer(offer) for offer in offers]})


class CardViewSet(ApiViewSet):
    @operation(
        "listCards",
        "The caller's cards, newest first",
        tag=TAG,
        answers={200: (CardListSerializer, "Cards.", examples.CARDS)},
        errors=[ValidationError],
        parameters=[
            choice_parameter("type", list(CardType), "Only these."),
            choice_parameter("status", list(CardStatus), "Only these."),
        ],
    )
    def list(self, request: Request) -> HttpResponse:
        self.choice("type", CardType)
        status = self.choice("status", CardStatus)
        cards = services.cards_of(self.caller.ecosystem_id)
        wanted = [card for card in cards if status in (None, card.status)]
        answer: dict[str, object] = {"cards": [present_card_summary(card) for card in wanted]}
        if not cards:
            answer["suggestion"] = SUGGESTION
        return json_response(answer)

    @operation(
        "getCard",
        "One of the caller's cards",
        tag=TAG,
        answers={200: (CardAnswerSerializer, "The card.", examples.CARD)},
        errors=[NotFound],
        parameters=[path_id("cardId", "The caller's card.")],
    )
    def retrieve(self, request: Request, cardId: str) -> HttpResponse:
        card = services.get_card(self.caller.ecosystem_id, self.path_id("cardId"))
        return json_response({"card": present_card(card)})


class CardRequestViewSet(ApiViewSet):
    @operation(
        "createCardRequest",
        "Ask for a card",
        description="Approved at once from the threshold score on, else left for an admin.",
        tag=TAG,
        body=CardRequestInput,
        example=examples.REQUEST_INPUT,
        answers={201: (CardRequestAnswerSerializer, "Approved or pending.", examples.REQUEST)},
        errors=[NotFound, CardRequestExists, CardAlreadyExists],
        keyed=True,
    )
    def create(self, request: Request) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(CardRequestInput)
        outcome = services.request_card(
            self.caller, data["productId"], self.submission(key, data, present_request)
        )
        return self.answer(outcome, 201)

    @operation(
        "getCardRequest",
        "One of the caller's card requests",
        tag=TAG,
        answers={200: (CardRequestAnswerSerializer, "The request.", examples.REQUEST)},
        errors=[NotFound],
        parameters=[path_id("requestId", "The caller's card request.")],
    )
    def retrieve(self, request: Request, requestId: str) -> HttpResponse:
        result = services.get_request(self.caller.ecosystem_id, self.path_id("requestId"))
        return json_response(present_request(result))
