"""Of what a run makes on an emulator that is named to it nothing stays, and of others' all does."""

import pytest

from infra_backends.aws.provisioning.changes import Outcome
from tests.aws.installations import altered, installation
from tests.support import tidiness
from tests.support.emulators import Emulator


@pytest.mark.usefixtures("stacks")
@pytest.mark.parametrize("way", ["provisioned", "stacked"])
def test_what_begins_with_its_name_goes_and_nothing_else(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with installation(aws) as other:
        other.provision()
        with installation(aws) as here:
            if way == "stacked":
                here.stack()
            here.provision()
            monkeypatch.setattr(tidiness, "RUN", here.names.prefix.strip("-"))
            tidiness.leave_nothing({"AWS_ENDPOINT_URL": aws.url, **aws.elsewhere})
            assert Outcome.UNCHANGED not in {change.outcome for change in here.provision()}
        assert altered(other.provision()) == {}
