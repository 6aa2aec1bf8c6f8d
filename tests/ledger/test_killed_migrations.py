"""A first start that is killed between any two commits is gone on with by the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ATTEMPTS = """
import os, signal, sys
from pathlib import Path

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Settings, Source

ledger.setup(Home(Path(sys.argv[1])), Settings(source=Source(kind="files")))
from django.db import connection
from django.db.migrations.loader import MigrationLoader

MigrationLoader(None)  # so that no attempt imports them anew

def attempt():
    committed = []

    def struck_after_a_commit(statement):
        if committed:
            os.kill(os.getpid(), signal.SIGKILL)
        committed.extend([1] * (statement == "COMMIT"))

    connection.ensure_connection()
    connection.connection.set_trace_callback(struck_after_a_commit)
    ledger.migrate()

kills = 0
while True:
    process = os.fork()
    if not process:
        attempt()
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if ended != -signal.SIGKILL:
        print(kills)
        sys.exit(ended)
    kills += 1
"""


def test_tables_that_were_being_made_when_a_process_was_killed_are_there_after_the_next(tmp_path: Path):
    """Killed after each commit in turn; what was committed is written down, so nothing is made twice."""
    command = [sys.executable, "-c", ATTEMPTS, str(tmp_path / "home")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 14, "each of the ledger's own migrations was a commit that was struck"
