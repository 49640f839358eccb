"""Parameters as SSM has them, for a service of AWS's that answers as a test says."""

import threading
from typing import Any

from financial_api.kernel.parameters import default_texts
from tests.support.answering import Answer, Request


class ParameterStore:
    """Stands for SSM: pages of parameters, or a refusal."""

    def __init__(self) -> None:
        self.texts = {f"/acme/{path}": text for path, text in default_texts().items()}
        self.refusal: Answer | None = None
        self.gate = threading.Event()
        """Answers wait for it."""
        self.gate.set()
        self.is_endless = False

    def __call__(self, operation: str, request: Request) -> Answer:
        assert operation == "GetParametersByPath"
        self.gate.wait(10)
        if self.refusal:
            return self.refusal
        first = int(request.get("NextToken", 0))
        following = first + request["MaxResults"]
        names = list(self.texts)
        page = [{"Name": name, "Value": self.texts[name]} for name in names[first:following]]
        answer: dict[str, Any] = {"Parameters": page}
        if following < len(names) or self.is_endless:
            answer["NextToken"] = str(following)
        return 200, answer
