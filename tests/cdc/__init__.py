"""Change data capture as it is really sent: Debezium on Kafka Connect, PostgreSQL and MariaDB, on this machine."""
