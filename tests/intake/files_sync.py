"""One sync of a folder, ended by SIGKILL when certain words of progress are said."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from small_association import NOW

from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.intake import FilesSource, sync
from tenure.lake import Lake


def main() -> None:
    home, folder, words = Home(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]

    def hear(said: str, *_: object) -> None:
        if said == words:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(source=Source(kind="files"))
    sync(home, settings, Lake.open(home.lake), clock=lambda: NOW, source=FilesSource(folder), progress=hear)


if __name__ == "__main__":
    main()
