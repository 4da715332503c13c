"""The staged files of a search, as they travel to the workers of a Dask cluster.

The class is sent with its code. Dask gives it to each worker that joins while a search is under way, and one without
kerash, which may be somebody else's, could otherwise not start. So nothing of kerash is used here.
"""

from distributed import Worker, WorkerPlugin


class StagedFiles(WorkerPlugin):  # type: ignore[misc]
    """Keeps files in a folder of a worker's `local_directory` until the end of the search."""

    def __init__(self, name: str, files: dict[str, bytes]) -> None:
        self.name = name
        self.folder = ""
        """The folder; empty if the files could not be written."""
        self.failure = ""
        """The reason why they could not be written."""
        self._files = files

    def setup(self, worker: Worker) -> None:
        """Writes the files; leaves nothing behind if that fails."""
        import os
        import shutil
        import tempfile

        files, self._files = self._files, {}
        folder = ""
        try:
            folder = tempfile.mkdtemp(prefix="kerash-", dir=worker.local_directory)
            for name, content in files.items():
                with open(os.path.join(folder, name), "xb") as file:
                    file.write(content)
        except OSError as error:
            self.failure = error.strerror or str(error)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self.folder = folder

    def teardown(self, worker: Worker) -> None:
        """Removes the files."""
        import shutil

        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
