#!/usr/bin/env bash
# The schema that drf-spectacular writes for a DecimalField of Django REST framework.
#
# One would guess: a string matches its "pattern" if and only if the serializer takes it.
# What happens:    "", "-", "." and "-." match, since every digit of the pattern is optional, and
#                  are refused with 400; "1e2", "+5" and " 12 " do not match, and are accepted.
# Who meets it:    clients and gateways that check requests by the document, generated clients, and
#                  schemathesis, which sends "-" as valid and reports that it was refused.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check \
    django==5.2.19 djangorestframework==3.18.3 drf-spectacular==0.30.0 jsonschema==4.26.0
"$folder/env/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import django
from django.conf import settings
from django.urls import path

settings.configure(
    INSTALLED_APPS=["rest_framework", "drf_spectacular"],
    REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"},
    ROOT_URLCONF=__name__,
    SPECTACULAR_SETTINGS={"OAS_VERSION": "3.1.0"},
)
django.setup()

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework import generics, serializers

names = ("django", "djangorestframework", "drf-spectacular", "jsonschema")
print(*(f"{name} {version(name)}" for name in names), sep=", ")


class Payment(serializers.Serializer):
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)


class Payments(generics.CreateAPIView):
    serializer_class = Payment
    authentication_classes = permission_classes = ()


urlpatterns = [path("payments", Payments.as_view())]
schema = SchemaGenerator().get_schema(request=None, public=True)
amount = schema["components"]["schemas"]["Payment"]["properties"]["amount"]
print("schema:", amount)


def judged(text):
    documented = Draft202012Validator(amount).is_valid(text)
    return documented, Payment(data={"amount": text}).is_valid()


expected = {
    "12.50": (True, True),
    "12.505": (False, False),
    **dict.fromkeys(("", "-", ".", "-."), (True, False)),
    **dict.fromkeys(("1e2", "+5", " 12 "), (False, True)),
}
for text in expected:
    documented, taken = judged(text)
    print(f"{text!r:>9}: {'valid' if documented else 'invalid'} by the document,", end=" ")
    print("accepted" if taken else "refused", "by the serializer")
if {text: judged(text) for text in expected} != expected:
    sys.exit("CHANGED: document and serializer judge in another way")
PY
