"""`helio home-assistant`: what to paste into Home Assistant."""

from typing import Annotated

import typer

from cli.completion import complete_tenant
from include.core.settings import Settings
from include.steps.home_assistant import plant_yaml


def home_assistant(
    plant: Annotated[str, typer.Option(help="The plant's key.")],
    tenant: Annotated[str, typer.Option(help="Tenant whose plant it is.", autocompletion=complete_tenant)],
    source: Annotated[str | None, typer.Option(help="Who named the key; needed only where several plants have it.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of the API as Home Assistant reaches it [this machine's].")] = None,
    poll: Annotated[int, typer.Option(help="Seconds between two questions.")] = 60,
) -> None:
    """Print the REST sensors of a plant as YAML for Home Assistant; the API key in it is a name in its secrets.yaml."""
    settings = Settings.from_environment()
    address = url or f"http://{settings.api_host}:{settings.api_port}"
    print(plant_yaml(settings, tenant=tenant, plant=plant, source=source, url=address, poll_s=poll), end="")
