#!/usr/bin/env bash
# pytest-xdist's groups on pytest 9.2.
#
# One would guess: tests that are marked with one xdist_group run in one process under
#                  `--dist loadgroup`, as on pytest 9.1; or the plugin says that it cannot.
# What happens:    on 9.2 they are spread over the processes, without a word. xdist writes the group
#                  into an attribute that a test's id was kept in, and 9.2 keeps it in another.
# Who meets it:    whose tests share something dear within a group, such as a server, and find it
#                  started once more in each process; or share something that bears one process
#                  alone, and find it broken now and then.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > test_groups.py <<'PY'
import os
import time

import pytest


@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("together")
def test_says_where_it_runs(number):
    time.sleep(0.05)
    with open("processes", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
PY
python3 -m venv env
ran_in() {
    env/bin/pip install --quiet --quiet --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
    rm -f processes
    env/bin/python -m pytest -q -p no:cacheprovider --numprocesses 2 --dist loadgroup test_groups.py > /dev/null
    sort -u processes | wc -l
}
before=$(ran_in 9.1.1)
now=$(ran_in 9.2.0)
echo "pytest-xdist 3.8.0, 8 tests of one group, 2 processes:"
echo "on pytest 9.1.1 they ran in $before"
echo "on pytest 9.2.0 they ran in $now"
[[ $before == 1 && $now == 2 ]]
