"""A user pool on the emulator, with accounts that really sign in."""

import secrets
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.support.emulators import CREDENTIALS, REGION, Emulator, new_name

PASSWORD = "Correct-Horse-1"


def client_of(emulator: Emulator, service: str) -> Any:
    """Return boto3's client of a service of the emulator; close it."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=emulator.url_of(service),
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    subject: str
    ecosystem_id: str


class UserPool:
    """A new pool and its client, whose accounts have `PASSWORD`."""

    def __init__(self, emulator: Emulator) -> None:
        self.cognito = client_of(emulator, "cognito-idp")
        self.pool_id = self.cognito.create_user_pool(
            PoolName=new_name(),
            Schema=[
                {"Name": "role", "AttributeDataType": "String", "Mutable": True},
                {"Name": "ecosystemId", "AttributeDataType": "String", "Mutable": False},
            ],
        )["UserPool"]["Id"]
        self.client_id = self.cognito.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName="api",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]

    def close(self) -> None:
        self.cognito.close()

    def invite(self, username: str | None = None, **attributes: str) -> Account:
        """Add an account that has yet to choose a password; attributes as `role="admin"`."""
        username = username or f"{secrets.token_hex(4)}@test.com"
        ecosystem_id = attributes.pop("ecosystem_id", f"user-{secrets.token_hex(4)}")
        given = {"email": username, "email_verified": "true", "custom:ecosystemId": ecosystem_id}
        given |= {f"custom:{name}": value for name, value in attributes.items()}
        user = self.cognito.admin_create_user(
            UserPoolId=self.pool_id,
            Username=username,
            UserAttributes=[{"Name": name, "Value": value} for name, value in given.items()],
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )["User"]
        [subject] = [each["Value"] for each in user["Attributes"] if each["Name"] == "sub"]
        return Account(username, subject, ecosystem_id)

    def add(self, username: str | None = None, **attributes: str) -> Account:
        """Add an account that can sign in."""
        account = self.invite(username, **attributes)
        self.set_password(account, PASSWORD)
        return account

    def set_password(self, account: Account, password: str) -> None:
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=account.username, Password=password, Permanent=True
        )

    def tokens(self, account: Account) -> dict[str, str]:
        """Sign in; return `IdToken`, `AccessToken` and `RefreshToken`."""
        tokens: dict[str, str] = self.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": account.username, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return tokens

    def id_token(self, account: Account) -> str:
        return self.tokens(account)["IdToken"]

    def disable(self, account: Account) -> None:
        self.cognito.admin_disable_user(UserPoolId=self.pool_id, Username=account.username)

    def delete(self, account: Account) -> None:
        self.cognito.admin_delete_user(UserPoolId=self.pool_id, Username=account.username)
