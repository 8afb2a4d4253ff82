"""What surrounds answers: lists, single things, errors and log-in tokens."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Row = TypeVar("Row")
Count = Annotated[int, Field(ge=0)]


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:heliograph:problem:bad-parameter"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["'2026-11-21T12:00' has no offset; append Z or one such as -03:00"])
    instance: str = Field(examples=["/api/v1/series/7/readings"])


class Listing(BaseModel, Generic[Row]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    data: list[Row] = Field(description="Rows of this page.")
    next: str | None = Field(default=None, examples=["q3Jc0l9mY1mZkqVv0q1sWFsxMDBd"])


class Single(BaseModel, Generic[Row]):
    """One thing."""

    data: Row


class Token(BaseModel):
    """A log-in's answer; `expires_in` and `refresh_expires_in` in seconds."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(examples=[900])
    refresh_token: str = Field(
        description="Good once, for the next token at POST /auth/refresh; used twice, it ends the session.",
        examples=["helior_5f0c_1_0123456789abcdef"],
    )
    refresh_expires_in: int = Field(description="Until the session ends, however often it goes on.", examples=[604800])
