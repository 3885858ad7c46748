"""The SQL store: schema, migrations, the one writer and its operations, readers."""
