"""Columns of each type: their values in the database, and how they must read in a document's text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column `name` of `type` with `value` (SQL).

    `text` is right where the record's schema says what the column is; `bare` is what JSON has of it without a schema.
    """

    name: str
    type: str
    value: str
    text: str
    bare: str = ""

    def expected(self, *, schemas: bool) -> str:
        return self.text if schemas else self.bare or self.text


DOCUMENT = '{"wool": true, "sizes": ["S", "M"]}'
IDENT = "0b9c3d6e-1111-4222-8333-444455556666"
SHARED: tuple[Column, ...] = (
    Column("amount", "DECIMAL(10,2)", "12.30", "12.30", bare="BM4="),
    Column("negative", "DECIMAL(12,3)", "-1234.567", "-1234.567", bare="7Sl5"),
    Column("ratio", "DOUBLE PRECISION", "0.5", "0.5"),
    Column("number", "BIGINT", "9007199254740993", "9007199254740993"),
    Column("day", "DATE", "'2025-11-24'", "2025-11-24", bare="20416"),
    Column("early", "DATE", "'1969-12-31'", "1969-12-31", bare="-1"),
    Column("clock", "TIME", "'08:30:00'", "08:30:00", bare="30600000000"),
    Column("nothing", "DATE", "NULL", ""),
    Column("name", "VARCHAR(40)", "'søm ✓'", "søm ✓"),
)
POSTGRESQL: tuple[Column, ...] = (
    *SHARED,
    Column("loose", "numeric", "1234.5", "1234.5", bare='{"scale": 1, "value": "MDk="}'),
    Column("flag", "boolean", "true", "true"),
    Column("moment", "timestamp", "'2025-11-24 08:30:00'", "2025-11-24T08:30:00", bare="1763973000000000"),
    Column("zoned", "timestamptz", "'2025-11-24 08:30:00+02'", "2025-11-24T06:30:00.000000Z"),
    Column("data", "jsonb", f"'{DOCUMENT}'", DOCUMENT),
    Column("raw", "bytea", r"'\x776f6f6c'", "wool", bare="d29vbA=="),
    Column("ident", "uuid", f"'{IDENT}'", IDENT),
    Column("tags", "text[]", "ARRAY['warm', 'wool']", '["warm", "wool"]'),
    Column("span", "interval", "'90 minutes'", "PT5400S", bare="5400000000"),
)
MARIADB: tuple[Column, ...] = (
    *SHARED,
    Column("flag", "BOOLEAN", "TRUE", "1"),
    Column("moment", "DATETIME", "'2025-11-24 08:30:00'", "2025-11-24T08:30:00", bare="1763973000000"),
    Column("zoned", "TIMESTAMP", "'2025-11-24 08:30:00'", "2025-11-24T08:30:00Z"),
    Column("data", "JSON", f"'{DOCUMENT}'", DOCUMENT),
    Column("raw", "VARBINARY(20)", "'wool'", "wool", bare="d29vbA=="),
    Column("season", "YEAR", "2025", "2025"),
    Column("size", "ENUM('small','large')", "'large'", "large"),
    Column("bits", "BIT(4)", "b'1010'", "1010", bare="Cg=="),
)


def create(columns: tuple[Column, ...]) -> str:
    listed = ", ".join(f"{column.name} {column.type}" for column in columns)
    return f"CREATE TABLE kinds (id INT PRIMARY KEY, {listed})"


def insert(columns: tuple[Column, ...], number: int) -> str:
    names, values = ", ".join(c.name for c in columns), ", ".join(c.value for c in columns)
    return f"INSERT INTO kinds (id, {names}) VALUES ({number}, {values})"


def template(columns: tuple[Column, ...]) -> str:
    """One line a column: `amount = 12.30`."""
    return "\n".join(f"{column.name} = {{{column.name}}}" for column in columns)


def read(text: str) -> dict[str, str]:
    """What the lines of such a text say, by column."""
    return dict(line.split(" = ", 1) for line in text.splitlines())
