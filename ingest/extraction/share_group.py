"""Configuration of a share group on the brokers: where it starts, how long a record is locked, how often delivered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from semcache.settings import KafkaSettings
from semcache_ingest.kafka.clients import CONTACT_TIMEOUT_S, open_admin

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

LOCK_S = 60
"""The longest lock that brokers grant by default: a record has to be read within it."""
_log = logging.getLogger("semcache.ingest")


def configure_share_group(kafka: KafkaSettings, group: str, *, attempts: int) -> None:
    """Asks the brokers, one setting after the other: older ones do not know all, and not every user may.

    A new share group starts at the end of the log; this one has to start at its beginning. The brokers' limit of
    deliveries lies above ours: beyond theirs a record is dropped without a word.
    """
    wanted = {
        "share.auto.offset.reset": "earliest",
        "share.record.lock.duration.ms": str(LOCK_S * 1000),
        "share.delivery.count.limit": str(attempts + 2),
    }
    admin = open_admin(kafka)
    for name, value in wanted.items():
        _set(admin, group, name, value)


def _set(admin: AdminClient, group: str, name: str, value: str) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.GROUP, group, incremental_configs=[entry])
    for answer in admin.incremental_alter_configs([resource], request_timeout=CONTACT_TIMEOUT_S).values():
        try:
            answer.result()
        except KafkaException as error:
            _log.warning("the brokers do not take %s=%s for group %s: %s", name, value, group, error.args[0].str())
