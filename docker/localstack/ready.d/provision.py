"""Makes all resources once LocalStack answers, which runs this in its own process.

The code is mounted by docker-compose.aws.yml: the description of the resources and what it needs,
which is neither Django nor the rest of the service.
"""

import os
import subprocess
import sys

subprocess.run(
    [sys.executable, "-m", "infra_backends.aws.provisioning"],
    env={"AWS_ENDPOINT_URL": "http://localhost:4566", **os.environ},
    cwd=os.environ["FINANCIAL_API"],
    check=True,
)
