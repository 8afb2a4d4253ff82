"""One plain function per Airflow task: opens resources, joins rooms, returns a small summary."""
