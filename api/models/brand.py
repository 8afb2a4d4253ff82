"""How the tenant's page looks."""

from pydantic import BaseModel, Field


class Brand(BaseModel):
    """A look: what reports, mails and the page of a tenant have in common."""

    name: str = Field(description="Name of the tenant.", examples=["Acme Solar"])
    main_colour: str = Field(description="Of bands with white text, and of text on white.", examples=["#1f4e79"])
    accent_colour: str = Field(description="Of the line beside it.", examples=["#f0a830"])
    footer: str | None = Field(description="The tenant's own line at the foot.", examples=["Acme Solar Ltda. · CREA-SP 12345"])
    logo_png: str | None = Field(description="A PNG on white, at most 640 x 200 pixels, in base64; null without a logo.")
