"""One machine: an embedded PostgreSQL, Airflow's four services, the API and a mail sink, started and stopped as one."""
