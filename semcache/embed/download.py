"""Fetching a registered model's file once, and telling how to do without the network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from semcache.embed.registry import MAVEN, RegisteredModel
from semcache.errors import ConfigurationError, EmbedderUnavailable

_TIMEOUT_S = 30.0  # without a byte


class Bar(Protocol):
    """What pooch moves while it downloads; sizes in bytes."""

    total: int

    def update(self, size: int) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


def fetch(
    model: RegisteredModel,
    folder: Path,
    *,
    base_url: str = MAVEN,
    retries: int = 2,
    bar: Callable[[str], Bar] | None = None,
) -> Path:
    """Path of the model's file in `folder`, downloaded with a progress bar if it is not there or is damaged.

    The checksum is verified each time; a file that is there and whole needs no network and no write access.

    Raises:
        EmbedderUnavailable: it cannot be downloaded now.
        ConfigurationError: the folder cannot be written.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=folder,
        base_url=base_url,
        registry={model.file_name: f"sha256:{model.sha256}"},
        urls={model.file_name: f"{base_url}/{model.path}"},
        retry_if_failed=retries,
    )
    progress = (bar or _rich_bar)(f"{model.recipe.name} ({model.size_mb} MB, once)")
    try:
        download = pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT_S)
        return Path(store.fetch(model.file_name, downloader=download))
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise ConfigurationError(f"{folder} cannot be written: set SEMCACHE_MODEL_DIR to a folder that can") from error
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
        raise EmbedderUnavailable(_how_to_do_without(model, folder, base_url, error), retry_after_s=30.0) from error
    finally:
        progress.close()


def _how_to_do_without(model: RegisteredModel, folder: Path, base_url: str, error: Exception) -> str:
    return (
        f"the embedding model {model.recipe.name} is not in {folder} and cannot be downloaded "
        f"({type(error).__name__}: {error}). Bring {base_url}/{model.path} (sha256 {model.sha256}) from a machine "
        "that can, and set SEMCACHE_MODEL_DIR to the folder you put it in"
    )


class _RichBar:
    """A rich progress bar on standard error, shown from the first byte on."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(label, total=None)
        self.total = 0

    def update(self, size: int) -> None:
        self._progress.start()
        self._progress.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        self._progress.stop()


def _rich_bar(label: str) -> Bar:
    return _RichBar(label)
