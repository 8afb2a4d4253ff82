"""The only door to PostgreSQL: engine, migrations, bulk load, named reads."""
