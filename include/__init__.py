"""The work of Heliograph: knows neither Airflow nor FastAPI."""
